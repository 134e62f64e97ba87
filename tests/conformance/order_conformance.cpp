// P4: events of one key are handed out in published order, over any number of members that come and go.
#include <algorithm>

#include "tests/conformance/conformance.hpp"

namespace tidings::conformance {
namespace {

using transport::Delivery;
using transport::Release;

// The numbers that were accepted, by key, in the order of acceptance.
class Ledger {
 public:
  // Accepts whatever the reader has received and not settled yet; what is refused went to another member.
  void accept_all(Reader& reader, std::size_t& seen) {
    for (; seen < reader.received().size(); ++seen) {
      const Delivery& delivery = reader.received()[seen];
      if (!reader.settle(delivery, transport::Accept{})) continue;
      numbers_[std::string{*delivery.record.key}].push_back(std::stoi(std::string{delivery.record.id}));
      ++count_;
    }
  }
  std::size_t count() const { return count_; }
  void expect_ordered() const {
    for (const auto& [key, numbers] : numbers_) {
      EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end())) << "out of order: " << key;
      EXPECT_EQ(std::adjacent_find(numbers.begin(), numbers.end()), numbers.end()) << "twice: " << key;
    }
  }

 private:
  std::map<std::string, std::vector<int>> numbers_;
  std::size_t count_ = 0;
};

TEST_P(OrderConformance, P4AKeyComesInPublishedOrder) {
  declare_topic("orders");
  publish_numbers("orders", 0, 300, 7);
  auto reader = join("g", "orders");
  std::map<std::string, int> last;
  for (const Delivery& delivery : reader.next(300, soon())) {
    const int number = std::stoi(std::string{delivery.record.id});
    const auto [it, first] = last.try_emplace(std::string{*delivery.record.key}, -1);
    EXPECT_LT(it->second, number);
    it->second = number;
  }
  EXPECT_EQ(last.size(), 7u);
}

TEST_P(OrderConformance, P4OrderHoldsWhileMembersComeAndGo) {
  constexpr int kCount = 400;
  declare_topic("orders", 8);
  publish_numbers("orders", 0, kCount, 20);
  Ledger ledger;
  std::vector<std::unique_ptr<Reader>> readers;
  std::vector<std::size_t> seen;
  const auto add = [&](const std::string& process) {
    readers.push_back(std::make_unique<Reader>(join("g", "orders", process)));
    seen.push_back(0);
  };
  const auto turn = [&] {
    for (std::size_t i = 0; i < readers.size(); ++i) {
      if (readers[i]->left()) continue;
      readers[i]->receive(now() + std::chrono::milliseconds{5}, 10);
      ledger.accept_all(*readers[i], seen[i]);
    }
  };
  const Time until = deadline(fixture().hand_over_max() + std::chrono::seconds{1});
  add("one");
  turn();
  add("two");
  turn();
  add("three");
  turn();
  readers[0]->leave();
  while (ledger.count() < kCount && now() < until) turn();
  EXPECT_EQ(ledger.count(), static_cast<std::size_t>(kCount));
  ledger.expect_ordered();
}

TEST_P(OrderConformance, P4WhatIsReleasedComesAgainInOrder) {
  declare_topic("orders", 1);
  publish_numbers("orders", 0, 10, 1);
  auto reader = join("g", "orders");
  const auto first = reader.next(10, soon());
  ASSERT_EQ(first.size(), 10u);
  for (const auto& result : reader.settle(first, Release{})) EXPECT_TRUE(result);
  const auto again = reader.next(10, soon());
  EXPECT_EQ(ids_of(again), ids_of(first));
}

}  // namespace
}  // namespace tidings::conformance
