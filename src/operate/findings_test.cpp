#include "operate/findings.hpp"

#include <gmock/gmock.h>

namespace tidings::operate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using transport::GroupState;
using transport::LagState;

GroupState group(std::string name, std::vector<transport::MemberState> members) {
  return {.name = std::move(name), .topic = "orders", .topics = {"orders"}, .members = std::move(members)};
}

// A37: lag and doctor name what is stopped, unserved or too much.
TEST(Findings, NameStoppedMembersAndWhatToDo) {
  const std::vector groups{
      group("payments", {{.instance = "a", .host = "h", .pid = 7, .partitions = 3},
                         {.instance = "b", .host = "h", .pid = 8, .partitions = 5, .stopped = true}})};
  const auto findings = stopped_members(groups);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].level, Level::fail);
  EXPECT_EQ(findings[0].what, "payments: process 8 on h is stopped; the keys of its 5 partitions wait");
  EXPECT_THAT(findings[0].remedy, HasSubstr("kill -CONT 8"));
}

TEST(Findings, NameGroupsThatNobodyServesOnceAndOnlyWhenEventsWait) {
  const std::vector groups{group("gone", {}), group("gone", {}), group("idle", {}), group("live", {{.pid = 1}})};
  const std::vector<LagState> lag{{.group = "gone", .topic = "orders", .unsettled = 4},
                                  {.group = "gone", .topic = "payments", .unsettled = 1},
                                  {.group = "idle", .topic = "orders"},
                                  {.group = "live", .topic = "orders", .unsettled = 9}};
  const auto findings = groups_without_members(groups, lag);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].what, "gone: no process serves it, and 5 events wait");
}

TEST(Findings, TakeAGroupAsServedThatHasAMemberOnAnyOfItsSubscriptions) {
  const std::vector groups{group("a", {}), group("a", {{.pid = 1}})};
  EXPECT_THAT(groups_without_members(groups, {{.group = "a", .topic = "orders", .unsettled = 4}}), IsEmpty());
}

// P9: warnings beyond the thresholds, not at them.
TEST(Findings, WarnBeyondTheThresholds) {
  const Thresholds thresholds{.queue_warn = 10, .dead_letters_warn = 2};
  EXPECT_THAT(beyond_thresholds({{.group = "a", .topic = "t", .unsettled = 10, .dead = 2}}, thresholds), IsEmpty());
  EXPECT_THAT(beyond_thresholds({{.group = "a", .topic = "t", .unsettled = 11, .dead = 3}}, thresholds),
              ElementsAre(::testing::Field(&Finding::what, "a on t: 11 events wait (more than 10)"),
                          ::testing::Field(&Finding::what, "a on t: 3 dead letters (more than 2)")));
}

TEST(Findings, SayHowFullTheStoreIs) {
  EXPECT_EQ(store_room({.bytes_used = 79, .bytes_max = 100}).level, Level::ok);
  EXPECT_EQ(store_room({.bytes_used = 80, .bytes_max = 100}).level, Level::warn);
  EXPECT_EQ(store_room({.bytes_used = 95, .bytes_max = 100}).level, Level::fail);
  EXPECT_EQ(store_room({.bytes_used = 3ull << 30, .bytes_max = 10ull << 30}).what, "3.0 GiB of 10.0 GiB used (30%)");
}

TEST(Findings, SayThatAFullStoreRefusesPublishesNow) {
  constexpr std::uint64_t kMax = 10ull << 30;
  for (const std::uint64_t used : {kMax - kStoreFullWithin, kMax, kMax + kMax / 20}) {
    const Finding full = store_room({.bytes_used = used, .bytes_max = kMax});
    EXPECT_EQ(full.level, Level::fail);
    EXPECT_THAT(full.what, ::testing::HasSubstr("publishes are refused now")) << used;
    EXPECT_THAT(full.remedy, ::testing::HasSubstr("`tidings topics set`")) << used;
  }
  const Finding nearly = store_room({.bytes_used = kMax - kStoreFullWithin - 1, .bytes_max = kMax});
  EXPECT_THAT(nearly.what, ::testing::Not(::testing::HasSubstr("refused"))) << nearly.what;
}

// A19
TEST(Findings, TellWhatRetentionTookFromAGroup) {
  const auto found =
      lost_to_retention({{.group = "a", .topic = "orders"}, {.group = "b", .topic = "orders", .expired = 7}});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].level, Level::warn);
  EXPECT_EQ(found[0].what, "b on orders: retention removed 7 events that it had not settled");
}

TEST(Findings, TellOfEventsThatShareOneQueue) {
  const auto found = in_one_queue({{.group = "a", .topic = "orders"}, {.group = "b", .topic = "orders", .unkeyed = 7}});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].level, Level::warn);
  EXPECT_THAT(found[0].what, ::testing::StartsWith("b on orders: 7 events of others"));
}

}  // namespace
}  // namespace tidings::operate
