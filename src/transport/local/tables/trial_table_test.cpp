#include "transport/local/tables/trial_table.hpp"

#include <gtest/gtest.h>

namespace tidings::local {
namespace {

// P5
TEST(TrialAfterCrash, ChargesAMarkWhoseHandlerRan) {
  const Trial trial = after_crash({.marked = 1}, true);
  EXPECT_EQ(trial.attempts.crashes, 1);
  EXPECT_TRUE(trial.suspect);
  EXPECT_FALSE(trial.marked);
}

TEST(TrialAfterCrash, SparesAMarkWhoseHandlerHadReturned) {
  const Trial trial = after_crash({.marked = 1}, false);
  EXPECT_EQ(trial.attempts.crashes, 0);
  EXPECT_TRUE(trial.suspect);
}

TEST(TrialAfterCrash, ChargesWhatDiesLateTimeAndAgain) {
  Trial trial;
  for (int death = 1; death < kLateDeathsCharged; ++death) {
    trial.marked = 1;
    trial = after_crash(trial, false);
    EXPECT_EQ(trial.attempts.crashes, 0) << death;
  }
  trial.marked = 1;
  EXPECT_EQ(after_crash(trial, false).attempts.crashes, 1);
}

TEST(TrialAfterCrash, ChargesNothingWithoutAMark) {
  const Trial trial = after_crash({}, true);
  EXPECT_EQ(trial.attempts.crashes, 0);
  EXPECT_TRUE(trial.suspect);
}

TEST(TrialRow, ReadsBackWhatWasWritten) {
  Trial trial{.marked = 2, .late_deaths = 3, .suspect = true};
  trial.attempts.failed = 4;
  std::string bytes;
  ByteWriter out{bytes};
  encode_trial(trial, out);
  ByteReader in{bytes};
  EXPECT_EQ(decode_trial(in), trial);
}

}  // namespace
}  // namespace tidings::local
