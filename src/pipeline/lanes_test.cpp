#include "pipeline/lanes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

namespace tidings::pipeline {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using transport::Delivery;

const Time kStart = Time{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}};

Delivery delivery(std::uint64_t token, std::optional<std::string_view> key, int partition = 0) {
  Delivery made;
  made.token = token;
  made.partition = {.topic = "orders", .partition = partition};
  made.record.topic = "orders";
  made.record.key = key;
  return made;
}

Delivery suspect(std::uint64_t token, std::string_view key) {
  Delivery made = delivery(token, key);
  made.suspect = true;
  return made;
}

transport::Attempts failed_until(Time due) {
  return {.failed = 1, .due = due};
}

// The tokens that take() hands out.
std::vector<std::uint64_t> tokens(const Lanes& lanes, const std::vector<Ticket>& tickets) {
  std::vector<std::uint64_t> result;
  for (const Ticket ticket : tickets) result.push_back(lanes.at(ticket).token);
  return result;
}

// A26, P4
TEST(Lanes, RunDifferentKeysSideBySideAndOneKeyInOrder) {
  Lanes lanes{{.concurrency = 4}};
  lanes.admit(delivery(1, "a"));
  lanes.admit(delivery(2, "b"));
  lanes.admit(delivery(3, "a"));
  const auto first = lanes.take(kStart, 10, 1);
  EXPECT_THAT(tokens(lanes, first), ElementsAre(1, 2));
  EXPECT_THAT(lanes.take(kStart, 10, 1), IsEmpty());
  lanes.done(first[0]);
  EXPECT_THAT(tokens(lanes, lanes.take(kStart, 10, 1)), ElementsAre(3));
}

// P4: what is given back takes along what waits behind it, so that no later one of its key comes first.
TEST(Lanes, GiveBackATakenOneWithTheRestOfItsLane) {
  Lanes lanes{{.concurrency = 4}};
  lanes.admit(delivery(1, "a"));
  lanes.admit(delivery(2, "b"));
  lanes.admit(delivery(3, "a"));
  const auto taken = lanes.take(kStart, 10, 1);
  const auto given = lanes.give_back(taken[0]);
  ASSERT_EQ(given.size(), 2u);
  EXPECT_EQ(given[0].token, 1u);
  EXPECT_EQ(given[1].token, 3u);
  EXPECT_EQ(lanes.size(), 1u);
  EXPECT_EQ(lanes.running(), 1u);
  lanes.admit(delivery(4, "a"));
  EXPECT_THAT(tokens(lanes, lanes.take(kStart, 10, 1)), ElementsAre(4)) << "the lane is free";
}

// What is handled in one go knows by its lane what must not pass what.
TEST(Lanes, NumberTheLanesOfWhatIsTaken) {
  Lanes lanes{{.concurrency = 4}};
  lanes.admit(delivery(1, "a"));
  lanes.admit(delivery(2, "a"));
  lanes.admit(delivery(3, "b"));
  lanes.admit(delivery(4, std::nullopt));
  lanes.admit(delivery(5, std::nullopt));
  const auto taken = lanes.take(kStart, 10, 10);
  ASSERT_THAT(tokens(lanes, taken), ElementsAre(1, 2, 3, 4, 5));
  std::vector<LaneNumber> numbers;
  for (const Ticket ticket : taken) numbers.push_back(lanes.lane_number(ticket));
  EXPECT_EQ(numbers[0], numbers[1]);
  EXPECT_EQ((std::set<LaneNumber>{numbers.begin(), numbers.end()}.size()), 4u);
  lanes.admit(delivery(6, "a"));
  lanes.done(taken[0]);
  EXPECT_EQ(lanes.lane_number(taken[1]), numbers[1]) << "as long as any of it is there";
}

TEST(Lanes, RunAtMostAsManyLanesAsTheConcurrency) {
  Lanes lanes{{.concurrency = 2}};
  for (std::uint64_t token = 1; token <= 5; ++token) lanes.admit(delivery(token, std::nullopt));
  EXPECT_EQ(lanes.take(kStart, 10, 1).size(), 2u);
  EXPECT_FALSE(lanes.ready(kStart));
}

TEST(Lanes, OrderNothingThatHasNoKey) {
  Lanes lanes{{.concurrency = 8}};
  lanes.admit(delivery(1, std::nullopt));
  lanes.admit(delivery(2, std::nullopt));
  EXPECT_EQ(lanes.take(kStart, 10, 1).size(), 2u);
}

TEST(Lanes, GiveSeveralOfOneKeyToACallerThatHandlesThemInOrder) {
  Lanes lanes{{.concurrency = 8}};
  lanes.admit(delivery(1, "a"));
  lanes.admit(delivery(2, "b"));
  lanes.admit(delivery(3, "a"));
  EXPECT_THAT(tokens(lanes, lanes.take(kStart, 10, 10)), ElementsAre(1, 3, 2));
}

// A22, P4
TEST(Lanes, HoldOnlyTheKeyOfAStrictRetryUntilItsTime) {
  Lanes lanes{{.concurrency = 4}};
  lanes.admit(delivery(1, "a"));
  const auto first = lanes.take(kStart, 1, 1);
  lanes.hold(first[0], failed_until(kStart + 1s));
  lanes.admit(delivery(2, "a"));
  lanes.admit(delivery(3, "b"));
  EXPECT_THAT(tokens(lanes, lanes.take(kStart, 10, 1)), ElementsAre(3));
  EXPECT_EQ(lanes.next_due(), kStart + 1s);
  EXPECT_FALSE(lanes.ready(kStart + 999ms));
  ASSERT_TRUE(lanes.ready(kStart + 1s));
  const auto again = lanes.take(kStart + 1s, 10, 1);
  EXPECT_THAT(tokens(lanes, again), ElementsAre(1));
  EXPECT_EQ(lanes.at(again[0]).attempts.failed, 1);
  lanes.done(again[0]);
  EXPECT_THAT(tokens(lanes, lanes.take(kStart + 1s, 10, 1)), ElementsAre(2));
}

// P5: count and due time come along from an owner before.
TEST(Lanes, WaitForARetryThatAnOwnerBeforeRecorded) {
  Lanes lanes{{.concurrency = 4}};
  Delivery waiting = delivery(1, "a");
  waiting.attempts = failed_until(kStart + 5s);
  lanes.admit(std::move(waiting));
  lanes.admit(delivery(2, "a"));
  EXPECT_THAT(lanes.take(kStart, 10, 10), IsEmpty());
  EXPECT_THAT(tokens(lanes, lanes.take(kStart + 5s, 10, 10)), ElementsAre(1, 2));
}

TEST(Lanes, StopAGroupBeforeADeliveryThatMustWait) {
  Lanes lanes{{.concurrency = 4}};
  lanes.admit(delivery(1, "a"));
  Delivery waiting = delivery(2, "a");
  waiting.attempts = failed_until(kStart + 5s);
  lanes.admit(std::move(waiting));
  const auto first = lanes.take(kStart, 10, 10);
  EXPECT_THAT(tokens(lanes, first), ElementsAre(1));
  lanes.done(first[0]);
  EXPECT_EQ(lanes.next_due(), kStart + 5s);
}

TEST(Lanes, KeepTheOrderOfWhatIsPutBack) {
  Lanes lanes{{.concurrency = 4}};
  for (std::uint64_t token = 1; token <= 3; ++token) lanes.admit(delivery(token, "a"));
  const auto group = lanes.take(kStart, 10, 10);
  lanes.put_back(group[2]);
  lanes.put_back(group[1]);
  lanes.hold(group[0], failed_until(kStart + 1s));
  EXPECT_THAT(lanes.take(kStart, 10, 10), IsEmpty());
  EXPECT_THAT(tokens(lanes, lanes.take(kStart + 1s, 10, 10)), ElementsAre(1, 2, 3));
}

// A24, P5
TEST(Lanes, RunASuspectAlone) {
  Lanes lanes{{.concurrency = 4}};
  lanes.admit(delivery(1, "a"));
  const auto running = lanes.take(kStart, 10, 1);
  lanes.admit(suspect(2, "b"));
  lanes.admit(delivery(3, "c"));
  EXPECT_FALSE(lanes.ready(kStart)) << "something still runs";
  lanes.done(running[0]);
  const auto alone = lanes.take(kStart, 10, 10);
  EXPECT_THAT(tokens(lanes, alone), ElementsAre(2));
  EXPECT_FALSE(lanes.ready(kStart)) << "nothing runs beside a suspect";
  lanes.done(alone[0]);
  EXPECT_THAT(tokens(lanes, lanes.take(kStart, 10, 10)), ElementsAre(3));
}

TEST(Lanes, DoNotLetASuspectBehindARetryStopTheOthers) {
  Lanes lanes{{.concurrency = 4}};
  Delivery waiting = suspect(1, "a");
  waiting.attempts = failed_until(kStart + 5s);
  lanes.admit(std::move(waiting));
  lanes.admit(delivery(2, "b"));
  EXPECT_THAT(tokens(lanes, lanes.take(kStart, 10, 10)), ElementsAre(2));
}

TEST(Lanes, SuspectNoMoreWhatCameBack) {
  Lanes lanes{{.concurrency = 4}};
  lanes.admit(suspect(1, "a"));
  lanes.hold(lanes.take(kStart, 1, 1)[0], failed_until(kStart + 1s));
  lanes.admit(delivery(2, "b"));
  EXPECT_THAT(tokens(lanes, lanes.take(kStart + 1s, 10, 10)), ElementsAre(2, 1));
}

// P4, P9: the stated bound.
TEST(Lanes, HoldAPartitionBackWhenTooMuchOfItWaits) {
  Lanes lanes{{.concurrency = 4, .held_max = 4}};
  lanes.admit(delivery(1, "a"));
  lanes.hold(lanes.take(kStart, 1, 1)[0], failed_until(kStart + 1s));
  for (std::uint64_t token = 2; token <= 4; ++token) lanes.admit(delivery(token, "a"));
  EXPECT_THAT(lanes.flow_changes(), IsEmpty());
  lanes.admit(delivery(5, "a"));
  auto changes = lanes.flow_changes();
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].flow, LaneFlow::held_back);
  EXPECT_EQ(changes[0].partition, (transport::PartitionId{"orders", 0}));
  lanes.take(kStart + 1s, 10, 1);
  changes = lanes.flow_changes();
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].flow, LaneFlow::flowing);
}

// Few large ones are as much as many small ones.
TEST(Lanes, HoldAPartitionBackWhenTooManyBytesOfItWait) {
  Lanes lanes{{.concurrency = 4, .held_max = 4, .held_unit_bytes = 100}};
  const std::string body(150, 'x');
  const auto large = [&](std::uint64_t token) {
    Delivery made = delivery(token, "a");
    made.record.body = body;
    return made;
  };
  lanes.admit(large(1));
  lanes.admit(large(2));
  lanes.hold(lanes.take(kStart, 1, 1)[0], failed_until(kStart + 1s));
  EXPECT_THAT(lanes.flow_changes(), IsEmpty());
  lanes.admit(large(3));
  EXPECT_EQ(lanes.flow_changes().size(), 1u);
  EXPECT_EQ(lanes.trim({"orders", 0}).size(), 2u);
  const auto retry = lanes.take(kStart + 1s, 10, 10);
  ASSERT_EQ(retry.size(), 1u);
  EXPECT_EQ(lanes.flow_changes().at(0).flow, LaneFlow::flowing);
  lanes.done(retry[0]);
  EXPECT_EQ(lanes.size(), 0u);
}

// What waits behind a retry takes no more than its share; the rest goes back, in order, and the retry stays.
TEST(Lanes, TrimWhatIsHeldBackToHalfOfItsBound) {
  Lanes lanes{{.concurrency = 4, .held_max = 4}};
  lanes.admit(delivery(1, "a"));
  lanes.hold(lanes.take(kStart, 1, 1)[0], failed_until(kStart + 1s));
  for (std::uint64_t token = 2; token <= 8; ++token) lanes.admit(delivery(token, "a"));
  lanes.admit(delivery(9, "b"));
  const auto trimmed = lanes.trim({"orders", 0});
  std::vector<std::uint64_t> tokens;
  for (const auto& each : trimmed) tokens.push_back(each.token);
  EXPECT_THAT(tokens, ::testing::ElementsAre(4, 5, 6, 7, 8));
  EXPECT_EQ(lanes.size(), 4u);
  EXPECT_EQ(lanes.flow_changes().size(), 1u) << "it is held back until the retry has had its turn";
  lanes.take(kStart + 1s, 10, 1);
  EXPECT_EQ(lanes.flow_changes().at(0).flow, LaneFlow::flowing);
}

// P4: no partition holds too much, but all of them together do. Those that come last wait, until there is room.
TEST(Lanes, HoldPartitionsBackThatTogetherHoldTooMuch) {
  Lanes lanes{{.concurrency = 8, .held_max = 4}};
  std::uint64_t token = 0;
  const auto fail_with_two_behind = [&](int partition) {
    for (int i = 0; i < 3; ++i) lanes.admit(delivery(++token, std::to_string(partition), partition));
    lanes.hold(lanes.take(kStart, 1, 1)[0], failed_until(kStart + std::chrono::seconds{partition}));
  };
  fail_with_two_behind(1);
  fail_with_two_behind(2);
  EXPECT_THAT(lanes.flow_changes(), IsEmpty());
  fail_with_two_behind(3);
  const auto changes = lanes.flow_changes();
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].flow, LaneFlow::held_back);
  EXPECT_EQ(changes[0].partition.partition, 3);
  EXPECT_EQ(lanes.trim(changes[0].partition).size(), 2u) << "all but the retry";
  EXPECT_THAT(lanes.flow_changes(), IsEmpty());
  lanes.take(kStart + 1s, 1, 1);
  const auto again = lanes.flow_changes();
  ASSERT_EQ(again.size(), 1u) << "four are held, of three partitions";
  EXPECT_EQ(again[0].flow, LaneFlow::flowing);
  EXPECT_EQ(again[0].partition.partition, 3);
}

TEST(Lanes, DropWhatDoesNotRunOfAPartitionThatLeaves) {
  Lanes lanes{{.concurrency = 4}};
  lanes.admit(delivery(1, "a", 0));
  lanes.admit(delivery(2, "a", 0));
  lanes.admit(delivery(3, "b", 1));
  const auto running = lanes.take(kStart, 1, 1);
  const auto dropped = lanes.drop({{"orders", 0}});
  ASSERT_EQ(dropped.size(), 1u);
  EXPECT_EQ(dropped[0].token, 2u);
  lanes.done(running[0]);
  EXPECT_EQ(lanes.size(), 1u);
  EXPECT_THAT(tokens(lanes, lanes.take(kStart, 10, 10)), ElementsAre(3));
}

// A retry may come from another place than its event did: its key is one all the same, its owner another.
TEST(Lanes, KeepOneKeyInOrderThoughItComesFromTwoPartitions) {
  Lanes lanes{{.concurrency = 4}};
  lanes.admit(delivery(1, "a", 0));
  lanes.admit(delivery(2, "a", 7));
  lanes.admit(delivery(3, "a", 0));
  const auto first = lanes.take(kStart, 10, 1);
  EXPECT_THAT(tokens(lanes, first), ElementsAre(1));
  EXPECT_THAT(lanes.running_of({{.topic = "orders", .partition = 7}}), IsEmpty());
  const auto dropped = lanes.drop({{.topic = "orders", .partition = 7}});
  ASSERT_EQ(dropped.size(), 1u);
  EXPECT_EQ(dropped[0].token, 2u);
  lanes.done(first[0]);
  EXPECT_THAT(tokens(lanes, lanes.take(kStart, 10, 1)), ElementsAre(3));
}

TEST(Lanes, HoldBackThePartitionThatWaitsBehindARetryOfAnother) {
  Lanes lanes{{.concurrency = 4, .held_max = 4}};
  lanes.admit(delivery(1, "a", 7));
  lanes.hold(lanes.take(kStart, 1, 1)[0], failed_until(kStart + 1s));
  for (std::uint64_t token = 2; token < 8; ++token) lanes.admit(delivery(token, "a", 0));
  const auto changes = lanes.flow_changes();
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].partition.partition, 0);
}

TEST(Lanes, DropWaitingRetriesToo) {
  Lanes lanes{{.concurrency = 4}};
  lanes.admit(delivery(1, "a"));
  lanes.hold(lanes.take(kStart, 1, 1)[0], failed_until(kStart + 1s));
  const auto dropped = lanes.drop_all();
  ASSERT_EQ(dropped.size(), 1u);
  EXPECT_EQ(dropped[0].attempts.failed, 1);
  EXPECT_EQ(lanes.size(), 0u);
  EXPECT_EQ(lanes.next_due(), kNever);
}

// Whatever happens: one key in order, one at a time, and nothing is forgotten.
TEST(Lanes, KeepOrderInRandomRuns) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random{seed};
    const auto draw = [&](std::uint64_t below) { return random() % below; };
    Lanes lanes{{.concurrency = 1 + draw(8), .held_max = 8}};
    static const std::vector<std::string> keys = {"a", "b", "c", "d"};
    std::map<std::string, std::uint64_t> last_done;
    std::uint64_t last_token = 0;
    std::size_t finished = 0;
    Time now = kStart;
    for (int step = 0; step < 400 || lanes.size() > 0; ++step) {
      now += Duration{draw(2'000'000)};
      if (step < 400) {
        Delivery made = delivery(++last_token, keys[draw(keys.size())]);
        made.suspect = draw(10) == 0;
        lanes.admit(std::move(made));
      }
      auto group = lanes.take(now, 1 + draw(6), 1 + draw(3));
      std::map<std::string, bool> stopped;
      std::vector<Ticket> returned;
      std::map<Ticket, bool> failed;
      for (const Ticket ticket : group) {
        const std::string key{*lanes.at(ticket).record.key};
        if (!stopped[key] && draw(4) != 0) {
          ASSERT_GT(lanes.at(ticket).token, last_done[key]);
          last_done[key] = lanes.at(ticket).token;
          lanes.done(ticket);
          ++finished;
          continue;
        }
        failed[ticket] = !stopped[key];
        stopped[key] = true;
        returned.push_back(ticket);
      }
      while (!returned.empty()) {
        const Ticket ticket = returned.back();
        returned.pop_back();
        if (failed[ticket]) {
          lanes.hold(ticket, failed_until(now + Duration{draw(3'000'000)}));
        } else {
          lanes.put_back(ticket);
        }
      }
    }
    EXPECT_EQ(finished, last_token);
    EXPECT_EQ(lanes.running(), 0u);
    EXPECT_EQ(lanes.busy_lanes(), 0u);
  }
}

}  // namespace
}  // namespace tidings::pipeline
