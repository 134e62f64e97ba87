#include "text/option_reader.hpp"

#include <gmock/gmock.h>

namespace tidings::text {
namespace {

using ::testing::HasSubstr;

TEST(OptionReaderTest, TakesWhatIsThereAndLeavesTheRest) {
  const auto url = transport::parse_url("x:?count=7&wait=2s&prefix=shop.&kept=no").value();
  OptionReader reader{url};
  int count = 1, other = 2;
  Duration wait{}, left = std::chrono::seconds{5};
  std::string prefix;
  bool kept = true;
  reader.number("count", 1, 10, count);
  reader.number("other", 1, 10, other);
  reader.duration("wait", Duration::zero(), std::chrono::seconds{3}, wait);
  reader.duration("left", Duration::zero(), std::chrono::seconds{9}, left);
  reader.prefix(prefix);
  reader.choice("kept", "yes", "no", kept);
  EXPECT_EQ(reader.faults(), "");
  EXPECT_EQ(count, 7);
  EXPECT_EQ(other, 2);
  EXPECT_EQ(wait, std::chrono::seconds{2});
  EXPECT_EQ(left, std::chrono::seconds{5});
  EXPECT_EQ(prefix, "shop.");
  EXPECT_FALSE(kept);
}

TEST(OptionReaderTest, GathersAllThatIsWrong) {
  const auto url = transport::parse_url("x:?a=0&b=11&c=7x&wait=4s&prefix=a/b&kept=maybe").value();
  OptionReader reader{url};
  int number = 5;
  Duration wait{};
  std::string prefix;
  bool kept = true;
  for (const char* name : {"a", "b", "c"}) reader.number(name, 1, 10, number);
  reader.duration("wait", Duration::zero(), std::chrono::seconds{3}, wait);
  reader.prefix(prefix);
  reader.choice("kept", "yes", "no", kept);
  reader.say("and that");
  EXPECT_EQ(number, 5);
  EXPECT_TRUE(kept);
  for (const char* part : {"'a=0': expected 1 to 10; ", "'b=11'", "'c=7x'", "'wait=4s': expected 0s to 3s",
                           "'prefix=a/b'", "'kept=maybe': expected yes or no", "; and that"}) {
    EXPECT_THAT(reader.faults(), HasSubstr(part));
  }
}

}  // namespace
}  // namespace tidings::text
