#include "tidings/transport/url.hpp"

#include <gmock/gmock.h>

#include <array>

namespace tidings::transport {
namespace {

using testing::HasSubstr;

std::string error_of(std::string_view text) {
  const auto url = parse_url(text);
  if (url) return "(parsed)";
  EXPECT_EQ(url.error().kind, ErrorKind::invalid);
  return url.error().message;
}

TEST(Url, ReadsAPathAndOptions) {
  const auto url = parse_url("local:./my%20shop/events?sync=meta&size_max=1%25");
  ASSERT_TRUE(url) << url.error().message;
  EXPECT_EQ(url->scheme, "local");
  EXPECT_EQ(url->authority, "");
  EXPECT_EQ(url->path, "./my shop/events");
  EXPECT_EQ(url->options.at("sync"), "meta");
  EXPECT_EQ(url->options.at("size_max"), "1%");
}

TEST(Url, ReadsSeveralHosts) {
  const auto url = parse_url("kafka://a:9092,b:9093/x/y?acks=all");
  ASSERT_TRUE(url) << url.error().message;
  EXPECT_EQ(url->authority, "a:9092,b:9093");
  EXPECT_EQ(url->path, "/x/y");
  EXPECT_EQ(url->options.at("acks"), "all");
}

TEST(Url, NeedsNothingBehindTheScheme) {
  const auto url = parse_url("memory:");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->path, "");
}

TEST(Url, RefusesWhatIsNone) {
  EXPECT_THAT(error_of("events"), HasSubstr("no scheme"));
  EXPECT_THAT(error_of("./a:b"), HasSubstr("no scheme"));
  EXPECT_THAT(error_of("local:a?sync=meta&sync=none"), HasSubstr("'sync' stands twice"));
  EXPECT_THAT(error_of("local:a?sync"), HasSubstr("no value"));
  EXPECT_THAT(error_of("local:a?=meta"), HasSubstr("no name"));
  EXPECT_THAT(error_of("local:a%2"), HasSubstr("'%25'"));
  EXPECT_THAT(error_of("local:a?b=%zz"), HasSubstr("hexadecimal"));
}

// A20: an unknown option is an error that lists the options.
TEST(Url, ListsTheOptionsWhenOneIsUnknown) {
  const std::array known{UrlOption{"sync", "commit (default), meta or none"}, UrlOption{"size_max", "bytes"}};
  EXPECT_TRUE(check_options(*parse_url("local:a?sync=none"), known));
  const auto checked = check_options(*parse_url("local:a?snyc=none"), known);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().kind, ErrorKind::invalid);
  EXPECT_THAT(checked.error().message, HasSubstr("'snyc'"));
  EXPECT_THAT(checked.error().message, HasSubstr("sync: commit (default), meta or none"));
  EXPECT_THAT(checked.error().message, HasSubstr("size_max: bytes"));
}

TEST(Url, ItsFaultsShowNoSecret) {
  for (const char* text : {"//anna:hunter2@here", "kafka://here?password=hunter2%", "kafka://here?=hunter2",
                           "kafka://here?password=a&password=hunter2"}) {
    EXPECT_THAT(error_of(text), ::testing::Not(HasSubstr("hunter2"))) << text;
  }
}

TEST(Url, SaysWhenThereAreNoOptions) {
  EXPECT_THAT(check_options(*parse_url("memory:?a=b"), {}).error().message, HasSubstr("it has none"));
}

// As it is written: decoded, it may be any bytes.
TEST(Url, AFaultShowsAnOptionAsItIsWritten) {
  for (const std::string text : {"local:x?a%FF=", "local:x?a%FF=1&a%FF=2", "local:x?a%FF=%"}) {
    const auto url = parse_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_THAT(url.error().message, HasSubstr("'a%FF'"));
  }
}

}  // namespace
}  // namespace tidings::transport
