// A consumer of `kafka:`: a member of the subscription's group, and one of the group in which its retries and replays
// wait, as soon as there are any.
//
// Owns:    those members, and a thread, `kafka-retries`, until the second one has joined.
// Threads: as transport::Consumer.
// Blocks:  the destructor as its members', and until a request of that thread is answered, kRequestWithin each.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>

#include "transport/kafka/consume/kafka_member.hpp"

namespace tidings::kafka {

// What the consumer needs to know of its deployment.
struct ConsumerPorts {
  // Whether the subscription has a retry topic. Blocks; a thread of the consumer's own asks.
  std::function<bool()> has_retries;
  // When it leaves.
  std::function<void()> left;
};

class KafkaConsumer final : public transport::Consumer {
 public:
  static Result<std::unique_ptr<transport::Consumer>> join(std::shared_ptr<Cluster> cluster,
                                                           std::shared_ptr<Producer> producer,
                                                           const transport::SubscriptionSpec& spec, MemberSpec events,
                                                           ConsumerPorts ports);
  ~KafkaConsumer() override;

  Result<transport::Batch> receive(std::size_t max, Time deadline) override;
  void settle(std::vector<transport::Settlement> settlements, Settled settled) override;
  void set_flow(std::span<const transport::PartitionId> partitions, Flow flow) override;
  void wake() override;
  std::span<std::atomic<std::uint64_t>> running() override;

 private:
  KafkaConsumer(std::shared_ptr<Cluster> cluster, std::shared_ptr<Producer> producer,
                const transport::SubscriptionSpec& spec, MemberSpec retries, ConsumerPorts ports);

  Room room(std::size_t max) const;
  std::optional<Error> trouble();
  void note_trouble(Error error);
  void look_for_retries();
  bool join_retries();
  KafkaMember* retries() const { return retries_ready_.load() ? retries_.get() : nullptr; }

  const std::shared_ptr<Cluster> cluster_;
  const std::shared_ptr<Producer> producer_;
  const std::size_t in_flight_max_;
  const std::size_t in_flight_bytes_max_;
  const std::shared_ptr<transport::InstanceBoard> board_;
  const MemberSpec of_retries_;
  const ConsumerPorts ports_;
  const std::shared_ptr<Bell> bell_;
  const std::shared_ptr<Bell> retries_bell_;  // there may be some now, or nobody asks any more
  std::mutex mutex_;
  std::optional<Error> retries_trouble_;  // why they cannot be joined, until it is told
  std::unique_ptr<KafkaMember> events_;
  std::unique_ptr<KafkaMember> retries_;
  std::atomic<bool> retries_ready_{false};
  std::atomic<bool> woken_{false};
  std::atomic<bool> stopping_{false};
  std::unique_ptr<Thread> thread_;
};

}  // namespace tidings::kafka
