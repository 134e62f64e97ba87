// A19: since when a group has no member is written down with what makes it so.
#include "transport/local/tables/absence.hpp"

#include <gmock/gmock.h>

#include "transport/local/store/reaping.hpp"
#include "transport/local/store_lab.hpp"
#include "transport/local/tables/subscriptions.hpp"
#include "transport/local/tables/topic_stats.hpp"

namespace tidings::local {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class AbsenceTest : public StoreLab {
 protected:
  AbsenceTest() { declare({.name = "orders"}); }

  // Since when those are absent that are so.
  std::vector<Time> absences() {
    ReadTransaction transaction{store().environment()};
    std::vector<Time> since;
    for (const auto& [group, time] : absent_groups(transaction)) since.push_back(time);
    return since;
  }
  bool undated() {
    ReadTransaction transaction{store().environment()};
    return any_undated_absence(transaction);
  }
  void change(const std::function<void(Commit&)>& what) {
    ASSERT_TRUE(store().committer().perform([&](Commit& commit) -> Result<void> {
      what(commit);
      return {};
    }));
  }
};

TEST_F(AbsenceTest, BeginsWhenTheLastMemberLeavesAndEndsWhenOneJoins) {
  auto first = join({.group = "billing", .topic = "orders"});
  auto second = join({.group = "billing", .topic = "orders"});
  first.reset();
  EXPECT_THAT(absences(), IsEmpty());
  const Time before = executor_->now();
  second.reset();
  const auto since = absences();
  ASSERT_EQ(since.size(), 1u);
  EXPECT_GE(since[0], before);
  EXPECT_LE(since[0], executor_->now());
  close();
  open();
  EXPECT_EQ(absences(), since) << "it is of the store, not of a process";
  const auto back = join({.group = "billing", .topic = "orders"});
  EXPECT_THAT(absences(), IsEmpty());
  EXPECT_FALSE(undated());
}

TEST_F(AbsenceTest, BeginsWhenTheLastMemberIsFoundDead) {
  const auto consumer = join({.group = "billing", .topic = "orders"});
  const Time before = executor_->now();
  change([&](Commit& commit) {
    for (const MemberRow& member : all_members(commit.transaction())) reap(commit, directory_, member);
    const auto absent = absent_groups(commit.transaction());  // now: who lives comes back
    ASSERT_EQ(absent.size(), 1u);
    EXPECT_GE(absent.begin()->second, before);
  });
}

TEST_F(AbsenceTest, OfWhichNobodyKnowsSinceWhenBeginsWhenItIsSeen) {
  join({.group = "billing", .topic = "orders"}).reset();
  change([](Commit& commit) {  // as stores were before
    commit.transaction().erase(Tree::stats, group_stats_key(*find_group(commit.transaction(), "billing")));
  });
  EXPECT_TRUE(undated());
  EXPECT_THAT(absences(), IsEmpty());
  const Time seen = Time{} + std::chrono::hours{1'000'000};
  change([&](Commit& commit) { date_absences(commit.transaction(), seen); });
  change([&](Commit& commit) { date_absences(commit.transaction(), seen + 1s); });
  EXPECT_THAT(absences(), ElementsAre(seen));
  EXPECT_FALSE(undated());
}

TEST_F(AbsenceTest, IsForgottenWithItsGroup) {
  join({.group = "billing", .topic = "orders"}).reset();
  ASSERT_TRUE(transport_->operations().topology->remove_group("billing"));
  ReadTransaction transaction{store().environment()};
  EXPECT_FALSE(transaction.has_prefix(Tree::stats, TreeKey{}.u32(0)));
}

}  // namespace
}  // namespace tidings::local
