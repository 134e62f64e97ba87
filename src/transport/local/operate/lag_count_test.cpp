// A37, P9: what is counted is right beyond one read, and no read is held beside another.
#include "transport/local/operate/lag_count.hpp"

#include <gtest/gtest.h>

#include "transport/local/storage/limits.hpp"
#include "transport/local/store_lab.hpp"

namespace tidings::local {
namespace {

constexpr int kCount = 2 * static_cast<int>(kWalkRecordsMax) + 10;
constexpr std::size_t kDead = kWalkRecordsMax + 5;

class LagCountTest : public StoreLab {
 protected:
  LagCountTest() : StoreLab{{{"sync", "none"}}} {
    declare({.name = "orders"});
    EXPECT_EQ(publish(1, kCount), kCount);
    const auto consumer = join({.group = "billing", .topic = "orders"});
    for (std::size_t dead = 0; dead < kDead;) {
      const auto deliveries = receive(*consumer, std::min<std::size_t>(500, kDead - dead));
      for (const auto& settled : settle(*consumer, deliveries, transport::Bury{.reason = "failed"})) {
        EXPECT_TRUE(settled);
      }
      dead += deliveries.size();
    }
  }
};

TEST_F(LagCountTest, IsExactBeyondOneRead) {
  const auto lag = transport_->operations().topology->lag();
  ASSERT_TRUE(lag);
  ASSERT_EQ(lag->size(), 1u);
  EXPECT_EQ(lag->front().unsettled, kCount - kDead);
  EXPECT_EQ(lag->front().dead, kDead);
  const auto topics = transport_->operations().topology->topics();
  ASSERT_TRUE(topics);
  EXPECT_EQ(topics->front().records, static_cast<std::uint64_t>(kCount));
  EXPECT_TRUE(topics->front().oldest);
}

// One that was opened before a walk and ends after it would pin all that is freed meanwhile, whatever the walk does.
TEST_F(LagCountTest, HoldsOneReadAtATime) {
  close();
  const auto alone = *Environment::open(directory_, 0, Sync::none);
  ASSERT_TRUE(alone->open_trees());
  const auto catalog = [&] {
    ReadTransaction transaction{*alone};
    return Catalog{transaction};
  }();
  ASSERT_EQ(alone->readers_high(), 1u);
  EXPECT_TRUE(count_lag(*alone, catalog, executor_->now()));
  EXPECT_TRUE(count_topics(*alone, catalog));
  EXPECT_EQ(alone->readers_high(), 1u);
}

class LagMomentTest : public StoreLab {};

TEST_F(LagMomentTest, CountsNothingThatIsPublishedWhileItCounts) {
  declare({.name = "orders"});
  join({.group = "billing", .topic = "orders"}).reset();
  publish(1, 3);
  const Catalog catalog = *store().catalog();
  const auto lag = count_lag(store().environment(), catalog, executor_->now(), [&] { publish(4, 5); });
  ASSERT_TRUE(lag);
  ASSERT_EQ(lag->size(), 1u);
  EXPECT_EQ(lag->front().unsettled, 3u);
  EXPECT_EQ(count_lag(store().environment(), catalog, executor_->now())->front().unsettled, 8u);
}

}  // namespace
}  // namespace tidings::local
