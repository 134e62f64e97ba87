#include "operate/place_findings.hpp"

#include <gmock/gmock.h>

namespace tidings::operate {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using transport::DirectoryState;
using transport::Place;

auto finding(Level level, const std::string& check) {
  return ::testing::AllOf(::testing::Field(&Finding::level, level), ::testing::Field(&Finding::check, check));
}

// A37: looking never creates a store.
TEST(PlaceFindings, AreAnErrorWhereNothingIsDeployed) {
  const transport::Url url{.scheme = "local", .path = "/x"};
  EXPECT_TRUE(expect_deployed(url, {.reach = transport::Reach::host}));
  const auto there = expect_deployed(url, {.reach = transport::Reach::host, .deployed = false});
  ASSERT_FALSE(there);
  EXPECT_EQ(there.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(there.error().message, HasSubstr("no event store in '/x'"));
}

TEST(PlaceFindings, AreAnErrorWhereOnlyOneProcessCanLook) {
  EXPECT_TRUE(expect_shared({.scheme = "local"}, {.reach = transport::Reach::host}));
  EXPECT_TRUE(expect_shared({.scheme = "kafka"}, {.reach = transport::Reach::network}));
  const auto shared = expect_shared({.scheme = "memory"}, {.reach = transport::Reach::process});
  ASSERT_FALSE(shared);
  EXPECT_EQ(shared.error().kind, ErrorKind::invalid);
  EXPECT_THAT(shared.error().message, HasSubstr("`memory:` lives in the process of one service"));
}

TEST(PlaceFindings, JudgeADirectoryByItsState) {
  DirectoryState state{
      .path = "/x", .mode = 0700, .ours = true, .disk_bytes = 100ull << 30, .disk_bytes_free = 50ull << 30};
  const auto judged = [&] { return judge_place({.reach = transport::Reach::host, .directory = state}); };
  for (const Finding& found : judged()) EXPECT_EQ(found.level, Level::ok) << found.what;
  state.mode = 0755;
  EXPECT_THAT(judged(), Contains(finding(Level::warn, "permissions")));
  EXPECT_EQ(judged()[0].remedy, "chmod 700 /x");
  state.mode = 0700;
  state.ours = false;
  EXPECT_THAT(judged(), Contains(finding(Level::warn, "permissions")));
  state.disk_bytes_free = 500ull << 20;
  EXPECT_THAT(judged(), Contains(finding(Level::warn, "disk")));
  state.disk_bytes_free = 1ull << 20;
  EXPECT_THAT(judged(), Contains(finding(Level::fail, "disk")));
}

TEST(PlaceFindings, AreNoneOfABroker) {
  EXPECT_THAT(judge_place({}), IsEmpty());
}

}  // namespace
}  // namespace tidings::operate
