// One running subscription: its consumer, its threads, its end.
//
// Owns:    a receiver, a settler, and one worker (with an inbox or batches) or `concurrency` of them.
// Threads: start(), drain() and close() by one; the rest by any.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "base/countdown.hpp"
#include "service/handle/receiver.hpp"
#include "service/handle/subscription_parts.hpp"
#include "service/handle/worker.hpp"

namespace tidings::service {

class Subscription final : public std::enable_shared_from_this<Subscription> {
 public:
  // Joins the group; runs nothing yet.
  static Result<std::shared_ptr<Subscription>> open(std::shared_ptr<Engine> engine, SubscriptionPlan plan);
  ~Subscription();
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;

  void start();

  // Stops intake and releases what waits. Does not wait for what runs.
  void drain();
  // Whether all that ran is settled, at the latest when no time is left.
  bool wait_drained(const Countdown& left);
  // After drain(): begins to leave the group. What still runs is told to stop and left alone: nobody waits for it but
  // that long, its result is dropped, and others get its event. Does not wait.
  void begin_close(const Countdown& left_alone);
  // Whether it has left, at the latest when no time is left. Where the transport does not let it go by then, that ends
  // by itself, or with the process.
  bool wait_closed(const Countdown& left);

  // unavailable: it cannot receive, settle or use its inbox now.
  Result<void> ready() const { return parts_.health.check(); }
  const SubscriptionPlan& plan() const { return parts_.plan; }

 private:
  struct Running {
    std::unique_ptr<Thread> thread;
    bool ended = false;
  };

  Subscription(std::shared_ptr<Engine> engine, SubscriptionPlan plan, std::unique_ptr<transport::Consumer> consumer);
  Running& spawn(const std::string& name, std::function<void()> body);
  void leave(const Countdown& left_alone);
  bool wait_ended(const Running& running, const Countdown& left);
  void join_ended();

  SubscriptionParts parts_;
  Receiver receiver_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::mutex mutex_;
  std::unique_ptr<Condition> ended_;
  std::vector<std::unique_ptr<Running>> threads_;
  std::size_t working_ = 0;  // of them, without the one that leaves
  Running* receiving_ = nullptr;
  Running* leaving_ = nullptr;
};

}  // namespace tidings::service
