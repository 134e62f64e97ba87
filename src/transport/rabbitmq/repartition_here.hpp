// A topic `orders` whose partitions tests change, who publishes on it, and members of group `g`, which read it.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tests/support/eventually.hpp"
#include "transport/rabbitmq/amqp_broker_here.hpp"
#include "transport/rabbitmq/rabbitmq_transport.hpp"
#include "transport/rabbitmq/topology/subscription_queue.hpp"

namespace tidings::rabbitmq {

// What members handled, by key, in that order; each number once, when it was handled first.
class HandledOrders final {
 public:
  void add(const std::string& key, int number);
  std::map<std::string, std::vector<int>> all();
  std::size_t count();

 private:
  std::mutex mutex_;
  std::map<std::string, std::vector<int>> all_;
};

// Receives and accepts, until it is stopped by its end.
class OrderMember final {
 public:
  OrderMember(transport::Transport& by, Executor& executor, std::string instance, HandledOrders& handled);
  ~OrderMember();
  // The last error that it received; empty: none.
  std::string trouble();

 private:
  void run(Executor& executor, HandledOrders& handled);

  std::unique_ptr<transport::Consumer> consumer_;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::string trouble_;
  std::unique_ptr<Thread> thread_;
};

// Does it again and again, until it is stopped by its end.
class Repeatedly final {
 public:
  Repeatedly(Executor& executor, std::function<void()> what);
  ~Repeatedly();

 private:
  std::atomic<bool> stopping_{false};
  std::unique_ptr<Thread> thread_;
};

class RepartitionHere : public AmqpBrokerHere {
 protected:
  static constexpr int kKeys = 16;

  void SetUp() override;
  void TearDown() override;

  void declare(std::int32_t partitions);
  // Another process: what it has is its own. `fault`: where it ends, as TIDINGS_FAULT has it.
  std::unique_ptr<transport::Transport> process(const std::string& options = "", const std::string& fault = "");
  transport::Transport& admin() { return *admin_; }
  std::unique_ptr<OrderMember> start(const std::string& instance);
  // The next one of each key, confirmed.
  void publish();
  std::map<std::string, std::vector<int>> published() const;
  HandledOrders& handled() { return handled_; }

  Result<transport::Repartition> repartition(std::int32_t partitions);
  // Runs it until it is done, as an operator does: members settle what it says is left, and are stopped.
  void finish(std::int32_t partitions);
  SubscriptionQueues queues(std::uint32_t generation, std::int32_t count) const;
  bool is_there(const std::string& queue);
  transport::LagState lag() { return admin().operations().topology->lag().value().at(0); }
  void send(const std::string& exchange, const std::string& key, const transport::Record& record);

 private:
  std::unique_ptr<transport::Transport> admin_;
  std::unique_ptr<transport::Transport> members_;
  std::unique_ptr<transport::Publisher> publisher_;
  std::atomic<int> rounds_{0};
  HandledOrders handled_;
};

}  // namespace tidings::rabbitmq
