// A19: retention by age and size, never past what a group has not settled; space is used again.
#include "transport/local/store/store_cleaner.hpp"

#include <gmock/gmock.h>

#include <filesystem>

#include "transport/local/storage/limits.hpp"
#include "transport/local/store_lab.hpp"

namespace tidings::local {
namespace {

class RetentionTest : public StoreLab {
 protected:
  using StoreLab::StoreLab;

  // One whole pass, now. Returns in how many steps.
  int clean() {
    const auto cleaner = clean_regularly(store());
    cleaner->rang(kRoomWanted);  // so that it does not leave the work to the store's own
    int steps = 1;
    while (cleaner->review() - executor_->now() < kCleanEvery / 2) ++steps;
    return steps;
  }
};

TEST_F(RetentionTest, ErasesWhatIsOldAndSettledByAll) {
  declare({.name = "orders", .retention = {.age = 1us}});
  const auto first = join({.group = "first", .topic = "orders"});
  const auto second = join({.group = "second", .topic = "orders"});
  publish(0, 10);
  const auto of_first = receive(*first, 10);
  const auto of_second = receive(*second, 10);
  settle(*first, of_first);
  clean();
  EXPECT_EQ(kept(), 10u) << "the second group has settled nothing";
  settle(*second, {of_second.begin(), of_second.begin() + 4});
  EXPECT_TRUE(eventually([&] {
    clean();
    return kept() == 6;
  }));
  settle(*second, {of_second.begin() + 4, of_second.end()});
  EXPECT_TRUE(eventually([&] {
    clean();
    return kept() == 1;
  })) << "the newest one stays";
}

// Who erases in small steps what is wanted now is overtaken by publishers.
TEST_F(RetentionTest, ErasesMoreAtEachStepWhereRoomIsWanted) {
  declare({.name = "orders", .retention = {.age = 1us}});
  ASSERT_EQ(publish(0, 60'000), 60'000);
  EXPECT_LT(clean(), 10);
  EXPECT_EQ(kept(), 1u);
}

// Who finds nothing to erase lets the processor rest, also where room is wanted.
TEST_F(RetentionTest, RestsBetweenStepsThatEraseNothing) {
  declare({.name = "orders", .retention = {.age = 1us}});
  const auto group = join({.group = "g", .topic = "orders"});
  ASSERT_EQ(publish(0, 30'000), 30'000);
  const auto cleaner = clean_regularly(store());
  cleaner->rang(kRoomWanted);
  const Time before = executor_->now();
  EXPECT_GE(cleaner->review(), before + kCleanPause);
  EXPECT_EQ(kept(), 30'000u);
}

TEST_F(RetentionTest, KeepsWhatIsYoung) {
  declare({.name = "orders"});
  publish(0, 10);
  clean();
  EXPECT_EQ(kept(), 10u);
}

TEST_F(RetentionTest, ErasesTheOldestOfATopicThatIsTooLarge) {
  declare({.name = "orders", .retention = {.bytes = 50'000}});
  declare({.name = "payments"});
  publish(0, 100, 1'000);
  publish(0, 100, 1'000, "payments");
  EXPECT_TRUE(eventually([&] {
    clean();
    return kept() < 50;
  }));
  EXPECT_GT(kept(), 40u);
  EXPECT_EQ(kept("payments"), 100u);
}

TEST_F(RetentionTest, KeepsACopyOfWhatWaitsForARetry) {
  declare({.name = "orders", .retention = {.age = 1us}});
  auto consumer = join({.group = "g", .topic = "orders"});
  publish(0, 2);
  const auto deliveries = receive(*consumer, 2);
  const transport::Attempts attempts{.failed = 1, .due = executor_->now() + 300ms};
  settle(*consumer, {deliveries[0]}, transport::Retry{.order = transport::RetryOrder::relaxed, .attempts = attempts});
  settle(*consumer, {deliveries[1]});
  EXPECT_TRUE(eventually([&] {
    clean();
    return kept() == 1;
  }));
  const auto again = receive(*consumer, 1);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].record.id, "0");
  EXPECT_EQ(again[0].attempts.failed, 1);
}

// Stores that were made before a topic could say what becomes of the unsettled.
TEST_F(RetentionTest, ReadsATopicThatSaysNothingOfTheUnsettled) {
  declare({.name = "orders", .retention = {.bytes = 7}});
  const auto shortened = store().committer().perform([](Commit& commit) -> Result<void> {
    std::string row{*commit.transaction().get(Tree::topics, "orders")};
    row.pop_back();
    commit.transaction().put(Tree::topics, "orders", row);
    return {};
  });
  ASSERT_TRUE(shortened);
  const auto topics = transport_->operations().topology->topics().value();
  ASSERT_EQ(topics.size(), 1u);
  const transport::Retention expected{.age = kRetentionDefault, .bytes = 7, .unsettled = transport::Unsettled::keep};
  EXPECT_EQ(topics[0].retention, expected);
}

class SmallStoreTest : public RetentionTest {
 protected:
  SmallStoreTest() : RetentionTest{{{"size_max", "8M"}, {"sync", "none"}}} {}
};

TEST_F(SmallStoreTest, UsesItsSpaceAgain) {
  declare({.name = "orders", .retention = {.age = 1us}});
  const auto consumer = join({.group = "g", .topic = "orders"});
  int published = 0;
  const Time deadline = late();
  // Four times what fits.
  while (published < 32 * 100 && executor_->now() < deadline) {
    const int confirmed = publish(published, 100, 10'000);
    published += confirmed;
    if (confirmed > 0) settle(*consumer, receive(*consumer, static_cast<std::size_t>(confirmed)));
  }
  EXPECT_GE(published, 32 * 100);
  EXPECT_LT(std::filesystem::file_size(directory_ + "/data.mdb"), 16u << 20);
}

// A refused publish rings the cleaner: recovery does not wait for its next turn.
TEST_F(SmallStoreTest, HasRoomAgainAsSoonAsItsEventsAreSettled) {
  declare({.name = "orders", .retention = {.age = 1us}});
  const auto consumer = join({.group = "g", .topic = "orders"});
  int confirmed = 0;
  for (int more = 100; more == 100; confirmed += more) more = publish(confirmed, 100, 10'000);
  settle(*consumer, receive(*consumer, static_cast<std::size_t>(confirmed)));
  const Time settled = executor_->now();
  EXPECT_TRUE(eventually([&] { return publish(confirmed, 1, 10'000) == 1; }));
  EXPECT_LT(executor_->now() - settled, kCleanEvery / 2);
}

TEST_F(SmallStoreTest, NamesTheSlowestGroupWhenItIsFull) {
  declare({.name = "orders", .retention = {.age = 1us}});
  const auto slow = join({.group = "slow", .topic = "orders"});
  const auto fast = join({.group = "fast", .topic = "orders"});
  std::string refusal;
  const auto publisher = transport_->publisher({}).value();
  for (int i = 0; refusal.empty() && i < 2'000; ++i) {
    publisher->send({numbered(i, 10'000)}, [&](std::size_t, const Result<void>& outcome) {
      if (!outcome) refusal = outcome.error().message;
    });
    ASSERT_TRUE(publisher->flush(late()));
    if (refusal.empty()) settle(*fast, receive(*fast, 1));
  }
  EXPECT_THAT(refusal, ::testing::HasSubstr("slowest group is 'slow'"));
  EXPECT_THAT(refusal, ::testing::HasSubstr("tidings groups remove"));
}

}  // namespace
}  // namespace tidings::local
