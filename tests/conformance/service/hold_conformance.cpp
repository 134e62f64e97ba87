// P4: a strict retry holds back its key up to a bound in time.
#include <algorithm>

#include "tests/conformance/service/service_conformance.hpp"

namespace tidings::conformance {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

// Beyond it, a hold becomes relaxed (P4AHoldThatIsTooLongBecomesRelaxed).
TEST_P(RetryingConformance, P4AHoldOfTheLongestThatIsAllowedStaysStrict) {
  const auto bound = capabilities().strict_hold_max;
  if (!bound) GTEST_SKIP() << "the transport holds a key for as long as it must";
  work({.delay_first = std::chrono::duration_cast<std::chrono::milliseconds>(*bound)});
  send({{{.number = 1, .fails = 1}, "a"}, {{.number = 2}, "a"}});
  ASSERT_TRUE(settled("shop", *bound + unit()));
  EXPECT_THAT(decisions(), Not(Contains("relaxed_hold failed")));
  EXPECT_THAT(disorder(entries()), IsEmpty());
}

// Its count and its time are as durable as those of a strict one.
TEST_P(RetryingConformance, P4AHoldThatBecameRelaxedComesInItsTimeThoughItsProcessIsKilled) {
  const auto bound = capabilities().strict_hold_max;
  if (!bound) GTEST_SKIP() << "the transport holds a key for as long as it must";
  const auto delay = std::chrono::duration_cast<std::chrono::milliseconds>(*bound) + units(1);
  const WorkerPlan plan{.delay_first = delay};
  work(plan);
  send({{{.number = 1, .fails = 1}, "a"}, {{.number = 2}, "a"}});
  ASSERT_TRUE(within(unit(), [&] { return count("end") == 1 && lag("shop", kTasks)->unsettled == 1; }));
  kill(plan.instance);
  work(plan);
  ASSERT_TRUE(settled("shop", delay + capabilities().takeover_max));
  const auto runs = entries("begin");
  ASSERT_THAT(runs, SizeIs(3));
  EXPECT_EQ(runs[2].attempt, 2);
  const Time due = entries("failed").at(0).at + delay;
  EXPECT_GE(runs[2].at, due);
  if (fixture().virtual_time()) {
    EXPECT_LE(runs[2].at, due + late_max(delay));
  }
}

}  // namespace
}  // namespace tidings::conformance
