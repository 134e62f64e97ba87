// What a handler gets as its Context: the delivery, and a place for what it publishes.
//
// Threads: the handler's.
#pragma once

#include <algorithm>
#include <vector>

#include "service/records/outputs.hpp"
#include "tidings/context.hpp"
#include "tidings/inbox.hpp"
#include "tidings/transport/settlement.hpp"

namespace tidings::service {

// All of it outlives the run.
struct RunScope {
  const transport::Delivery& delivery;
  const Envelope& envelope;
  std::string_view subscription;            // group and what it reads: part of derived ids
  InboxTransaction* transaction = nullptr;  // null: no inbox
  const std::stop_token& stop;
  std::size_t batch = 0;  // events, the first of them is `delivery`; 0: a handler of one
};

class HandlerContext final : public Context {
 public:
  // All of them outlive it.
  HandlerContext(const RunScope& scope, const Encoder& encoder, Executor& executor)
      : scope_{scope},
        executor_{executor},
        outputs_{{scope.envelope, scope.subscription, scope.delivery.replay_id, scope.delivery.record.key},
                 encoder,
                 executor} {}

  const Envelope& envelope() const override { return scope_.envelope; }
  std::string_view topic() const override { return scope_.delivery.record.topic; }
  std::optional<std::string_view> key() const override { return scope_.delivery.record.key; }
  int attempt() const override { return scope_.delivery.attempts.failed + 1; }
  bool replayed() const override { return scope_.delivery.replays > 0 || !scope_.delivery.replay_id.empty(); }
  std::size_t batch_size() const override { return std::max<std::size_t>(scope_.batch, 1); }
  Time now() const override { return executor_.now(); }
  std::stop_token stop() const override { return scope_.stop; }

  // Of a handler that succeeded.
  std::vector<transport::Record> take_outputs() { return outputs_.take(); }

 protected:
  Result<void> publish(const EventType& type, const void* data, PublishOptions options) override;
  void* transaction(std::type_index type) override;

 private:
  const RunScope& scope_;
  const Executor& executor_;
  Outputs outputs_;
};

}  // namespace tidings::service
