// Settles what the pipeline decided, in batches and in order, and announces each decision once it is durable.
//
// Several batches are under way at once, of those that publish one: the transport keeps the order of what is published
// within a batch only. Nor is anything settled of a delivery whose retry is under way, which may fail for now. What
// does stops the rest until it is done.
//
// Owns:    one thread. Not the consumer.
// Threads: any. Blocks: add() when kUnsettledMax or kUnsettledBytesMax wait; mark() until it is durable; close()
//          until the transport has answered.
// Trouble: what the transport cannot do now is tried again, in order, until it can or the settler is closed. What it
//          refuses for good is given up after kRefusalsMax tries: Step::unsettled, and the subscription is not ready.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <unordered_set>
#include <vector>

#include "base/countdown.hpp"
#include "service/settle/announcer.hpp"
#include "service/settle/blanks.hpp"
#include "service/settle/health.hpp"
#include "tidings/inbox.hpp"
#include "tidings/transport/transport.hpp"

namespace tidings::service {

inline constexpr std::size_t kSettleBatchMax = 1'000;
// Between two batches, unless the second is large or waited for: a thread that is woken for each event costs more than
// most handlers. The first after a pause goes at once.
inline constexpr Duration kSettleApart = std::chrono::milliseconds{1};
inline constexpr std::size_t kLargePartOfFlight = 8;  // so much of what may be in flight is large
inline constexpr std::size_t kBatchesUnderWayMax = 8;
// Strict retries settle a delivery again and again, so what is in flight is no bound.
inline constexpr std::size_t kUnsettledMax = 20'000;
// What handlers published, until it is settled; one addition may go beyond it.
inline constexpr std::size_t kUnsettledBytesMax = 64u << 20;
// A settlement that is refused so often with a kind of error that a repetition does not mend (invalid, corrupt,
// unsupported) stays unsettled: others behind it must go on. Its event comes again at its next owner.
inline constexpr int kRefusalsMax = 8;

class Settler final {
 public:
  Settler(std::shared_ptr<Executor> executor, transport::Consumer& consumer, const SubscriptionPlan& plan,
          const Announcer& announcer, Health& health, Blanks& blanks);
  ~Settler();
  Settler(const Settler&) = delete;
  Settler& operator=(const Settler&) = delete;

  void start();

  // After close(): dropped; whoever gets the deliveries next settles them.
  void add(SettlingPtr settling);
  void add(std::vector<SettlingPtr> settlings);
  // Given back, charged nothing. Waits for no room: they are no more than may be in flight.
  void release(std::vector<transport::Delivery> deliveries);

  // Writes the mark of a suspect, in the caller's thread. False: it is not ours any more, or the settler was closed.
  bool mark(const transport::Delivery& delivery);

  // Waits until all that was added is settled, or the settler is closed.
  void wait_settled();
  // Whether all that was added is settled, at the latest when no time is left.
  bool wait_idle(const Countdown& left);
  // Ends the thread after what is under way; the rest stays unsettled. The consumer is not used any more after it.
  void close();

 private:
  // What one call of the consumer settles. The driver's thread writes `outcomes`, and counts.
  struct Batch {
    std::vector<SettlingPtr> settlings;
    std::vector<Result<void>> outcomes;
    std::atomic<std::size_t> outstanding = 0;
    bool publishes = false;
    bool answered = false;  // all of it; under the settler's mutex
  };
  using Lock = std::unique_lock<std::mutex>;

  void run();
  enum class Room { wait, none };
  void push(std::vector<SettlingPtr> settlings, Room room);
  void tell();
  void begin_hurry();
  bool is_full() const { return queue_.size() >= kUnsettledMax || bytes_ >= kUnsettledBytesMax; }
  bool is_idle() const { return queue_.empty() && under_way_.empty() && again_.empty(); }
  bool publishing() const;
  bool must_wait(const Settling& settling) const;
  bool may_send() const;
  bool is_small() const;
  void send_next(Lock& lock);
  void send(const std::shared_ptr<Batch>& batch);
  void conclude_first(Lock& lock);
  void try_again(Lock& lock);
  std::vector<SettlingPtr> conclude(Batch& batch);
  bool conclude(Settling& settling, const Result<void>& outcome);
  bool give_up(Settling& settling, const Error& error);
  bool pause(Duration duration);
  bool closed() const;

  const std::shared_ptr<Executor> executor_;
  transport::Consumer& consumer_;
  const SubscriptionPlan& plan_;
  const Announcer& announcer_;
  Health& health_;
  Blanks& blanks_;
  Backoff backoff_;  // of the thread
  mutable std::mutex mutex_;
  std::unique_ptr<Condition> changed_;
  std::deque<SettlingPtr> queue_;
  std::deque<std::shared_ptr<Batch>> under_way_;  // in the order of sending
  std::unordered_set<std::uint64_t> retrying_;    // tokens of strict retries under way
  std::vector<SettlingPtr> again_;                // refused for now, in order: before all of the queue
  std::size_t bytes_ = 0;                         // of what is published with all of these
  std::size_t marking_ = 0;
  bool waiting_ = false;  // the thread waits for work
  bool napping_ = false;  // the thread waits for more work
  Time sent_at_{};        // the last batch
  int hurried_ = 0;       // who wait until all is settled
  bool closed_ = false;
  std::unique_ptr<Thread> thread_;
};

}  // namespace tidings::service
