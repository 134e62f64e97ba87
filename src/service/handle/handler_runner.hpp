// Runs handlers, one at a time: with their context, their timeout and their exceptions.
//
// Owns:    the stop token that its handlers see.
// Threads: one worker's; request_stop() by any.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>

#include "service/handle/subscription_parts.hpp"
#include "tidings/inbox.hpp"

namespace tidings::service {

struct RunResult {
  Result<void> outcome;
  bool timed_out = false;  // it came back after its timeout
  std::vector<transport::Record> outputs;
  Duration took{};
};

class HandlerRunner final {
 public:
  explicit HandlerRunner(SubscriptionParts& parts);

  RunResult run(const transport::Delivery& delivery, const Decoded& decoded, InboxTransaction* transaction);

  struct BatchItem {
    const transport::Delivery* delivery = nullptr;
    const Decoded* decoded = nullptr;
  };
  // One result each; when the handler throws, the batch is bisected until the one that does it stands alone.
  std::vector<RunResult> run_batch(const HandlerPlan& handler, std::span<const BatchItem> items);

  // The handler that runs now, and those that come, find their token set.
  void request_stop();

 private:
  struct Current {
    const transport::Delivery* delivery = nullptr;
    const Envelope* envelope = nullptr;
  };
  template <class Body>
  RunResult timed(const HandlerPlan& handler, Current current, Body body);
  void late();
  std::stop_source source();
  const std::stop_token& fresh_token();
  bool run_whole(const HandlerPlan& handler, std::span<const BatchItem> items, std::vector<RunResult>& results);

  SubscriptionParts& parts_;
  std::mutex mutex_;
  std::stop_source stop_;  // replaced by the worker's thread alone
  std::stop_token token_ = stop_.get_token();
  bool stopping_ = false;
  Current current_;
  std::unique_ptr<Timekeeper::Watch> watch_;
};

}  // namespace tidings::service
