#include "transport/rabbitmq/format/key_slots.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace tidings::rabbitmq {
namespace {

// What services in other languages can be held to.
TEST(KeySlots, AreTheSameForEver) {
  EXPECT_EQ(slot_of_key(""), 193u);
  EXPECT_EQ(slot_of_key("order-1"), 242u);
  EXPECT_EQ(slot_of_key("customer-42"), 238u);
  EXPECT_EQ(slot_header(17), "tidings-slot-17");
}

TEST(KeySlots, EachBelongsToOneQueue) {
  for (const std::size_t queues : {1u, 3u, 64u, 256u}) {
    std::multiset<std::string> slots;
    for (std::size_t queue = 0; queue < queues; ++queue) {
      const Arguments own = slots_of_queue(queue, queues);
      EXPECT_EQ(own.front().name, "x-match");
      for (std::size_t i = 1; i < own.size(); ++i) slots.insert(own[i].name);
    }
    EXPECT_EQ(slots.size(), kKeySlots);
    EXPECT_EQ(std::set<std::string>(slots.begin(), slots.end()).size(), kKeySlots);
  }
}

TEST(KeySlots, SpreadKeysEvenly) {
  constexpr int kKeys = 64'000;
  std::map<std::size_t, int> counts;
  for (int i = 0; i < kKeys; ++i) ++counts[slot_of_key("order-" + std::to_string(i)) % 8];
  for (const auto& [queue, count] : counts) EXPECT_NEAR(count, kKeys / 8, kKeys / 80) << queue;
}

}  // namespace
}  // namespace tidings::rabbitmq
