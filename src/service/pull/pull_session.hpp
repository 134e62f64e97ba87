// What a puller and its deliveries share: the membership, the lanes, and what is to be given back.
//
// Threads: one. Nothing runs between calls.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "service/lanes/running_slots.hpp"
#include "service/lanes/work_queue.hpp"
#include "service/plan/plan.hpp"
#include "service/records/event_reader.hpp"
#include "service/records/outputs.hpp"
#include "service/settle/announcer.hpp"
#include "tidings/delivery.hpp"

namespace tidings::service {

// A delivery in the caller's hand.
struct Pulled {
  pipeline::Ticket ticket = 0;
  std::size_t slot = 0;  // on the running board
  transport::Delivery delivery;
  Envelope envelope;
};

class PullSession final {
 public:
  static Result<std::shared_ptr<PullSession>> open(transport::Transport& transport, Executor& executor,
                                                   const transport::SubscriptionSpec& spec, PullerOptions options);

  PullSession(transport::Transport& transport, Executor& executor, SubscriptionPlan plan, PullerOptions options,
              std::unique_ptr<transport::Consumer> consumer);

  Result<std::optional<Pulled>> pull(Time deadline);

  // Errors but conflict leave it unsettled.
  Result<void> settle(Pulled& pulled, pipeline::Verdict verdict, std::vector<transport::Record> publishes);
  // An error: it is tried again by the next pull().
  Result<void> release(Pulled& pulled);

  Result<void> decode(const transport::RecordView& record, const EventType& type, void* data) const;
  // For what is published while `pulled`, which outlives it, is handled.
  Outputs outputs(const Pulled& pulled);
  // As the transport lets us retry.
  pipeline::Rules rules(RetryOrder order) const;
  Time now() const { return executor_.now(); }

  // Leaves the group. Neither transport nor executor is used any more after it.
  void close();
  bool closed() const { return !consumer_; }

 private:
  Result<void> receive(Time deadline);
  void heed(const transport::Notice& notice);
  void give_back_later(std::vector<transport::Delivery> deliveries);
  Result<void> give_back();
  Result<std::optional<Pulled>> take();
  Result<std::optional<Pulled>> prepare(const Taken& taken);
  Result<bool> mark(const Pulled& pulled);
  std::optional<pipeline::Verdict> read(Pulled& pulled) const;
  Result<void> settle_once(Pulled& pulled, pipeline::Verdict verdict, std::vector<transport::Record> publishes);
  void end(const Pulled& pulled, Ending ending);
  std::size_t free_slot() const;

  Executor& executor_;
  const SubscriptionPlan plan_;
  const PullerOptions options_;
  const std::string name_;  // group and what it reads: part of derived ids
  std::unique_ptr<transport::Consumer> consumer_;
  const Encoder encoder_;
  const EventReader reader_;
  const Announcer announcer_;
  RunningSlots board_;
  WorkQueue queue_;
  std::vector<bool> slots_;                    // taken ones; as many as may be unsettled at a time
  std::vector<transport::Delivery> releases_;  // in order; at most in_flight_max
};

}  // namespace tidings::service
