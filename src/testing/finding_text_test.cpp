#include "testing/finding_text.hpp"

#include <gmock/gmock.h>

#include "tidings/testing/fault_report.hpp"

namespace tidings::testing {
namespace {

using ::testing::EndsWith;
using ::testing::Pair;

TEST(FindingText, IsCutBetweenCharacters) {
  const std::string fits(kFindingTextMax, 'a');
  EXPECT_EQ(cut_text(fits), fits);
  std::string euros;
  while (euros.size() <= kFindingTextMax) euros += "\u20ac";
  const std::string cut = cut_text(euros);
  EXPECT_LE(cut.size(), kFindingTextMax);
  const auto end = cut.find("...");
  EXPECT_EQ(end % 3, 0u);
  EXPECT_THAT(cut, EndsWith("... (" + std::to_string(euros.size() - end) + " bytes more)"));
}

TEST(FindingText, BeginsWithTheFirstLineThatDiffers) {
  EXPECT_THAT(difference("one: 1\ntwo: 2\nthree: 3\n", "one: 1\ntwo: 20\nthree: 3\n"),
              Pair("two: 2\nthree: 3\n", "two: 20\nthree: 3\n"));
  EXPECT_THAT(difference("one: 1\n", "one: 1\ntwo: 2\n"), Pair("", "two: 2\n"));
  EXPECT_THAT(difference("", "one: 1\n"), Pair("", "one: 1\n"));
  EXPECT_THAT(difference("one", "one and more"), Pair("one", "one and more"));
}

}  // namespace
}  // namespace tidings::testing
