// Receives for one subscription from its queues, settles what was received, and stores what a settlement publishes
// before it acknowledges.
//
// Owns:    a connection and the thread `amqp-consume`, which alone uses it, and who shares the queues (QueueSharing).
// Threads: receive() by one at a time; everything else by any.
// Blocks:  receive() until its deadline; the destructor, which leaves, kCloseWithin at most.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tidings/transport/transport.hpp"
#include "transport/driver/bell.hpp"
#include "transport/driver/copy.hpp"
#include "transport/driver/instance_board.hpp"
#include "transport/driver/publish_turns.hpp"
#include "transport/driver/settle_call.hpp"
#include "transport/rabbitmq/consume/ack_gathering.hpp"
#include "transport/rabbitmq/consume/owned_queue.hpp"
#include "transport/rabbitmq/consume/queue_sharing.hpp"
#include "transport/rabbitmq/consume/trials.hpp"
#include "transport/rabbitmq/format/amqp_retry_ladder.hpp"
#include "transport/rabbitmq/format/event_topics.hpp"
#include "transport/rabbitmq/link/link_ending.hpp"
#include "transport/rabbitmq/link/wake_bell.hpp"
#include "transport/rabbitmq/publish/amqp_producer.hpp"
#include "transport/rabbitmq/topology/broker.hpp"
#include "transport/rabbitmq/topology/subscription_queue.hpp"

namespace tidings::rabbitmq {

inline constexpr Channel kRequestChannel = 1, kStepsChannel = 2;  // of a consumer's connection

struct ConsumerSpec {
  transport::SubscriptionSpec subscription;
  std::string name;                   // topic or pattern
  SubscriptionQueues queues;          // that it reads
  std::vector<BindingSpec> bindings;  // by which events come in, without `to`
  // Where they come in: `queues`, but while their number is changed. conflict: `queues` are read no more. For one
  // thread at a time; does not block.
  std::function<Result<SubscriptionQueues>()> incoming;
  std::shared_ptr<ControlStream> log;
  std::shared_ptr<Trials> trials;
  std::function<Result<void>()> announce = {};                       // where that could not be done yet. Blocks
  std::function<void()> left = {};                                   // once it is gone. Blocks
  std::function<std::string(const std::string& instance)> board_of;  // where an instance's board lies
  std::string host;
  std::int64_t pid = 0;
  std::shared_ptr<EventTopics> topics = {};  // of events that say none; for its thread
};

class AmqpConsumer final : public transport::Consumer {
 public:
  // Its queues are there, and bound, when this returns.
  static Result<std::unique_ptr<transport::Consumer>> join(std::shared_ptr<Broker> broker,
                                                           std::shared_ptr<Producer> producer, ConsumerSpec spec);
  ~AmqpConsumer() override;

  Result<transport::Batch> receive(std::size_t max, Time deadline) override;
  void settle(std::vector<transport::Settlement> settlements, Settled settled) override;
  void set_flow(std::span<const transport::PartitionId> partitions, Flow flow) override;
  void wake() override;
  std::span<std::atomic<std::uint64_t>> running() override;

 private:
  // What others leave for its thread.
  struct Order {
    transport::Settlement settlement;
    transport::Waiter waiter;
  };
  struct Stored {  // what it publishes is confirmed, or one of it was refused
    std::uint64_t token = 0;
    transport::Waiter waiter;
    Result<void> outcome;
    std::optional<OwnedQueue::Known> known;  // it is not settled by it: what is known of it then
  };
  // Outlives the consumer: what is stored may be answered later. As much lies in it as callers leave unanswered.
  class Answered final {
   public:
    void put(Stored stored) {
      const std::lock_guard lock{mutex_};
      stored_.push_back(std::move(stored));
      wake_.ring();
    }
    std::deque<Stored> take() {
      const std::lock_guard lock{mutex_};
      return std::exchange(stored_, {});
    }
    void wake() const { wake_.ring(); }
    void hear() const { wake_.hear(); }
    int file() const { return wake_.file(); }

   private:
    std::mutex mutex_;
    std::deque<Stored> stored_;
    const WakeBell wake_;
  };
  // What those of one read publish, each behind those before it.
  struct Publishing {
    std::vector<Outgoing> messages;
    std::map<transport::SettleCall*, std::shared_ptr<transport::PublishTurns>> turns;
  };

  AmqpConsumer(std::shared_ptr<Broker> broker, std::shared_ptr<Producer> producer, ConsumerSpec spec);

  // ---- Its thread (amqp_consumer.cpp)
  void run();
  bool connect();
  void lose_link(const std::string& why);
  void hear();
  void take(const amqp_frame_t& frame);
  void take_method(const amqp_frame_t& frame);
  void arrive(Channel channel);
  void take_in();
  void answer(const Message& question);
  void take_marks_back(const OwnedQueue& queue);
  bool gathers();
  void acknowledge();
  void end();

  // ---- What it needs on the server (consumer_queues.cpp)
  static Result<void> declare_needed(Broker& broker, const ConsumerSpec& spec);
  Result<void> begin(Link& link, const SubscriptionQueues& incoming);
  bool is_replaced();
  void make_steps();
  Result<void> make_step(std::chrono::milliseconds step);

  // ---- Queues come and go (consumer_ownership.cpp)
  Result<void> begin_sharing();
  void begin_connection();
  SharingSpec sharing_spec();
  void follow_orders();
  transport::PartitionId id_of(std::size_t queue) const { return {spec_.name, static_cast<std::int32_t>(queue)}; }
  bool take_queue(ShareOrder& order);
  void keep_suspects(ShareOrder& order);
  void give_up(std::size_t number);
  void lose(std::size_t number);
  void release_stopped();
  OwnedQueue* numbered(std::size_t number);
  std::unique_ptr<OwnedQueue> take_out(OwnedQueue& queue);
  void close_channel_of(OwnedQueue& queue);
  void acknowledge(Channel channel, OwnedQueue& queue);
  Channel free_channel();
  void suspect(const OwnedQueue& queue, std::uint64_t tag);
  void innocent(const OwnedQueue& queue, std::uint64_t tag);
  void forget_suspects(const OwnedQueue& queue);
  void hop_on();

  // ---- Settlements (consumer_settling.cpp)
  void read_letters();
  void perform(Order& order, Publishing& publishing);
  void store_then_settle(OwnedQueue& queue, std::uint64_t tag, transport::Waiter waiter, std::vector<Outgoing> own,
                         Publishing& publishing);
  void store_trial(OwnedQueue& queue, std::uint64_t tag, transport::Waiter waiter, OwnedQueue::Known known,
                   const transport::Attempts& said);
  void settle(OwnedQueue& queue, std::uint64_t tag);
  void release(OwnedQueue& queue, std::uint64_t tag);
  void stored(Stored& stored);
  OwnedQueue* find(std::uint64_t token, std::uint64_t& tag);
  void learn(OwnedQueue& queue, std::uint64_t tag, OwnedQueue::Known known);
  transport::Copy copy_of(const OwnedQueue& queue, std::uint64_t tag) const;
  Outgoing dead_letter(const OwnedQueue& queue, std::uint64_t tag, const transport::Bury& bury) const;
  Outgoing waiting_copy(const OwnedQueue& queue, std::uint64_t tag, const transport::Attempts& attempts);

  const std::shared_ptr<Broker> broker_;
  const std::shared_ptr<Producer> producer_;
  const ConsumerSpec spec_;
  Executor& executor_;
  const std::uint64_t life_;
  const std::shared_ptr<transport::InstanceBoard> board_;  // none: there is no place for one
  transport::Bell bell_;                                   // receive() hears it
  const std::shared_ptr<Answered> answered_ = std::make_shared<Answered>();

  std::mutex mutex_;                                             // of all that follows
  std::map<std::uint64_t, std::unique_ptr<OwnedQueue>> queues_;  // by slot
  std::vector<transport::Notice> notices_;
  std::set<transport::PartitionId> paused_;
  std::deque<Order> orders_;
  std::deque<ShareOrder> share_orders_;
  std::optional<Error> trouble_;
  bool was_connected_ = false;
  bool wants_room_ = false;  // receive() waits for that, too
  std::atomic<bool> woken_{false};
  std::atomic<bool> stopping_{false};
  LinkEnding link_ending_{executor_};

  // The thread's.
  std::unique_ptr<Link> link_;
  Time connect_not_before_{};
  Duration reopen_pause_;
  std::map<Channel, std::uint64_t> slots_;                // of the present connection
  std::map<Channel, std::shared_ptr<Message>> arriving_;  // in pieces
  // By slot of their queue: came since anybody was told.
  std::vector<std::pair<std::uint64_t, std::shared_ptr<const Message>>> arrived_;
  std::uint64_t connection_ = 0;  // how many there were
  std::uint64_t last_slot_ = 0;   // where members compete
  Channel last_channel_ = kStepsChannel;
  RetrySteps steps_;
  // What was suspect when the last connection was lost, by number of the queue.
  struct Remembered {
    std::uint64_t slot = 0;  // by which they stand on the board
    QueueSuspects suspects;
  };
  std::map<std::size_t, Remembered> suspects_before_;
  Time look_at_incoming_{};
  std::uint64_t unkeyed_ = 0;        // came first to us, and said no slot
  bool is_refused_ = false;          // a queue could not be consumed: no new connection without a pause
  std::vector<std::uint64_t> hops_;  // tokens of retries that wait on elsewhere; as much, likewise
  Time hop_not_before_{};            // after one that was refused
  transport::Answers answers_;
  AckGathering gathering_;
  std::vector<std::pair<Channel, OwnedQueue::Ack>> acks_;
  bool has_left_ = false;  // the others know

  std::unique_ptr<Thread> thread_;
  std::unique_ptr<QueueSharing> sharing_;  // none: members compete
};

}  // namespace tidings::rabbitmq
