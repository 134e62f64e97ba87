// What others leave for a member's thread: settlements, and answers of the producer.
//
// Threads: any; the member's takes.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "transport/driver/settle_call.hpp"
#include "transport/kafka/consume/owned_partition.hpp"
#include "transport/kafka/consume/transactional_client.hpp"

namespace tidings::kafka {

using transport::SettleCall;
using transport::Waiter;

// Settlements of one call, and where each stands in it.
struct SettleOrders {
  std::shared_ptr<SettleCall> call;
  std::vector<transport::Settlement> settlements;
  std::vector<std::size_t> indexes;  // none: all of the call are here

  Waiter waiter(std::size_t i) const { return {call, indexes.empty() ? i : indexes[i]}; }
};

// What a settlement published is confirmed, or one of it was refused.
struct Published {
  std::uint64_t slot = 0;
  std::int64_t offset = 0;
  Waiter waiter;
  Result<void> outcome;
};

// A settlement that is performed in a transaction, with what it publishes.
struct TransactionOrder {
  std::uint64_t slot = 0;
  std::int64_t offset = 0;
  Waiter waiter;  // none: a copy that goes to its next step
  std::vector<Message> messages;
  // Of such a copy, when it was refused:
  int refusals = 0;
  std::string refusal;
  Time not_before{};
};

// A topic for copies is there, or why not.
struct TopicMade {
  std::string topic;
  Result<void> outcome;
};

struct Transaction {
  std::vector<TransactionOrder> orders;
  std::map<std::uint64_t, OwnedPartition::Commit> commits;  // by slot
  GroupOffsets group;
};

// The orders again, and why they did not come about. `refused`: which are at fault themselves.
struct TransactionAnswer {
  std::vector<TransactionOrder> orders;
  std::map<std::uint64_t, OwnedPartition::Commit> commits;
  Result<void> result;
  std::map<std::size_t, Error> refused;
};

// A copy that has to wait on, elsewhere.
struct Hop {
  std::uint64_t slot = 0;
  std::int64_t offset = 0;
};

struct Letters {
  std::vector<SettleOrders> orders;
  std::vector<Published> published;
  std::vector<Hop> hops;
  std::vector<TransactionAnswer> transacted;
  std::vector<TopicMade> made;
};

// Outlives the member: the producer may answer later. As much lies in it as callers leave unanswered.
class MemberInbox final {
 public:
  // `wake` is called for each letter, until close().
  explicit MemberInbox(std::function<void()> wake) : wake_{std::move(wake)} {}

  void put(SettleOrders orders) {
    add([&] { letters_.orders.push_back(std::move(orders)); });
  }
  void put(Published published) {
    add([&] { letters_.published.push_back(std::move(published)); });
  }
  void put(TransactionAnswer answer) {
    add([&] { letters_.transacted.push_back(std::move(answer)); });
  }
  void put(TopicMade made) {
    add([&] { letters_.made.push_back(std::move(made)); });
  }
  void put(std::vector<Hop> hops) {
    add([&] { append(letters_.hops, hops); });
  }
  void wake() {
    add([] {});
  }
  // By another way from now on.
  void wakes(std::function<void()> wake) {
    const std::lock_guard lock{mutex_};
    wake_ = std::move(wake);
  }
  Letters take() {
    const std::lock_guard lock{mutex_};
    return std::exchange(letters_, {});
  }
  void close() {
    const std::lock_guard lock{mutex_};
    wake_ = nullptr;
  }

 private:
  template <class Change>
  void add(const Change& change) {
    const std::lock_guard lock{mutex_};
    change();
    if (wake_) wake_();
  }
  static void append(auto& to, auto& from) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  }

  std::mutex mutex_;
  std::function<void()> wake_;
  Letters letters_;
};

}  // namespace tidings::kafka
