// What the threads of one subscription share: who receives, who handles, who settles.
//
// Threads: any; each part guards itself.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "service/engine/engine.hpp"
#include "service/handle/decoded_ahead.hpp"
#include "service/lanes/running_slots.hpp"
#include "service/lanes/work_queue.hpp"
#include "service/records/decoder.hpp"
#include "service/settle/settler.hpp"

namespace tidings::service {

// What came of a taken delivery.
struct Handled {
  Taken taken;
  SettlingPtr settling;  // without its delivery; none: it was not run, and goes back into its lane
  bool gone = false;     // not ours any more: forgotten, and what waits behind it is given back
  bool spoils = false;   // see Taken
};

struct SubscriptionParts {
  SubscriptionParts(std::shared_ptr<Engine> engine_, SubscriptionPlan plan_,
                    std::unique_ptr<transport::Consumer> consumer_);

  // Whoever handles takes a seat here: slot 0 of the board is the receiver's, the others' are theirs.
  static constexpr std::size_t kReceiverSlot = 0;

  // Ends taken deliveries, in the order of taking: settles them as decided, and lets their lanes go on or wait.
  void end(std::vector<Handled> handled);
  void end(Handled one);
  void release(std::vector<transport::Delivery> deliveries);
  void wake_receiver();
  // Leaves the group: what is still unsettled goes to others.
  void close_consumer();

  const std::shared_ptr<Engine> engine;
  const SubscriptionPlan plan;
  const std::string name;     // group and what it reads: in derived ids, troubles and logs
  std::mutex consumer_mutex;  // guards the pointer against close_consumer(), which comes last
  std::unique_ptr<transport::Consumer> consumer;
  Announcer announcer;
  Health health;
  Decoder decoder;
  DecodedAhead ahead;  // with an inbox only
  RunningSlots board;
  WorkQueue queue;
  Blanks blanks;
  Settler settler;
  // It is being left: no handler starts any more, whatever was taken, for its event goes to others.
  std::atomic<bool> left_alone{false};

 private:
  Ending ending_of(Handled& one);
  void end_in_queue(std::span<const Ending> endings);
};
}  // namespace tidings::service
