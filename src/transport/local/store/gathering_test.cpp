// What a commit waits for.
#include "transport/local/store/gathering.hpp"

#include <gtest/gtest.h>

namespace tidings::local {
namespace {

TEST(Gathering, WaitsForNobodyAtFirst) {
  const Gathering gathering;
  EXPECT_EQ(gathering.wanted(), 1u);
  EXPECT_EQ(gathering.until(), Duration{});
}

TEST(Gathering, WaitsForThoseThatWereAnsweredAndThoseThatWereLate) {
  Gathering gathering;
  gathering.committed(10s, 10s + 1ms, 32, 30);
  EXPECT_EQ(gathering.wanted(), 62u);
  EXPECT_EQ(gathering.until(), 10s + 1500us) << "half of what the commit took";
}

TEST(Gathering, DoesNotWaitWhereFewPublish) {
  Gathering gathering;
  gathering.committed(10s, 11s, 32, 30);
  gathering.committed(12s, 13s, kGatherFrom - 1, 30);
  EXPECT_EQ(gathering.wanted(), 1u);
  EXPECT_EQ(gathering.until(), Duration{});
}

TEST(Gathering, HasItsLimits) {
  Gathering gathering;
  gathering.committed(10s, 11s, kCommitOpsMax, kCommitOpsMax);
  EXPECT_EQ(gathering.wanted(), kCommitOpsMax);
  EXPECT_EQ(gathering.until(), 11s + kGatherWithinMax);
}

}  // namespace
}  // namespace tidings::local
