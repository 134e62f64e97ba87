// A17, A19, A20: the options of a `local:` URL.
#include "transport/local/storage/local_options.hpp"

#include <gmock/gmock.h>

#include "transport/local/storage/limits.hpp"

namespace tidings::local {
namespace {

using ::testing::HasSubstr;

Result<Options> options(const std::string& text) {
  return options_from(*transport::parse_url(text));
}

TEST(LocalOptions, HaveDefaults) {
  const auto parsed = options("local:./events");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(*parsed, Options{.directory = "./events"});
}

TEST(LocalOptions, AreReadWithTheirUnits) {
  const auto parsed = options("local:/e?sync=none&size_max=2G&partitions=8&retention=36h");
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(*parsed, (Options{.directory = "/e",
                              .sync = Sync::none,
                              .size_max = 2ull << 30,
                              .partitions = 8,
                              .retention = std::chrono::hours{36}}));
}

TEST(LocalOptions, NameEachFaultAtOnce) {
  const auto parsed = options("local:/e?sync=maybe&size_max=5&partitions=0&retention=soon");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().kind, ErrorKind::invalid);
  for (const char* part : {"'sync=maybe'", "'size_max=5'", "'partitions=0'", "'retention=soon'"}) {
    EXPECT_THAT(parsed.error().message, HasSubstr(part));
  }
}

TEST(LocalOptions, GoSoFarAndNoFurther) {
  EXPECT_TRUE(options("local:/e?size_max=1M&partitions=1024&retention=36600d"));
  for (const char* beyond : {"size_max=1023K", "partitions=1025", "retention=36601d"}) {
    const auto parsed = options(std::string{"local:/e?"} + beyond);
    ASSERT_FALSE(parsed) << beyond;
    EXPECT_EQ(parsed.error().kind, ErrorKind::invalid);
    EXPECT_THAT(parsed.error().message, HasSubstr(beyond));
  }
}

TEST(LocalOptions, ListTheKnownOnesForAnUnknownOne) {
  const auto parsed = options("local:/e?colour=red");
  ASSERT_FALSE(parsed);
  EXPECT_THAT(parsed.error().message, HasSubstr("'colour'"));
  EXPECT_THAT(parsed.error().message, HasSubstr("retention"));
}

TEST(LocalOptions, WantADirectory) {
  EXPECT_FALSE(options("local:"));
  EXPECT_FALSE(options("local://host/path"));
}

}  // namespace
}  // namespace tidings::local
