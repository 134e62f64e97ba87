// P7: what lies between an inbox's transaction and the settlement: failures leave nothing, outputs are not lost.
#include "tests/conformance/service/service_conformance.hpp"

namespace tidings::conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_P(OnceConformance, P7AFailedHandlerLeavesNeitherMarkNorEffect) {
  work({.delay_first = units(0.2), .inbox = true});
  send({{{.number = 1, .fails = 2, .publishes = 1}, "a"},
        {{.number = 2, .refused = true, .publishes = 1}, "b"},
        {{.number = 3, .publishes = 1}, "c"}});
  ASSERT_TRUE(settled());
  EXPECT_THAT(effects(), ElementsAre("task-1", "task-3"));
  EXPECT_THAT(published(), ElementsAre("1 3", "3 1"));

  const auto letters = dead_letters("shop");
  ASSERT_THAT(letters, SizeIs(1));
  ASSERT_TRUE(here().operations().dead_letters->replay(letters[0].id).value());
  ASSERT_TRUE(within(unit(), [&] { return count("end") == 3; })) << "no mark of it, so its replay is handled";
  ASSERT_TRUE(settled());
  EXPECT_THAT(effects(), ElementsAre("task-1", "task-2", "task-3"));
  EXPECT_THAT(dead_letters(), IsEmpty());
}

}  // namespace
}  // namespace tidings::conformance
