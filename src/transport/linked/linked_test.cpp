// A20: a URL with an unknown scheme or option is an error that lists what there is.
#include "tidings/transport/linked.hpp"

#include <gmock/gmock.h>

namespace tidings::transport {
namespace {

using ::testing::HasSubstr;

Error error_of(std::string_view url) {
  const auto opened = open(url, thread_executor());
  return opened ? Error{ErrorKind::unavailable, "(opened)"} : opened.error();
}

TEST(Linked, OpensByScheme) {
  const auto opened = open("memory:", thread_executor());
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ((*opened)->capabilities().scheme, "memory");
}

TEST(Linked, ExaminesByScheme) {
  EXPECT_EQ(examine("memory:")->reach, Reach::process);
  EXPECT_EQ(examine("local:/no/such/place")->reach, Reach::host);
  EXPECT_FALSE(examine("local:/no/such/place")->deployed);
  EXPECT_EQ(examine("carrier-pigeon://roof").error().kind, ErrorKind::invalid);
}

TEST(Linked, ListsTheTransportsWhenTheSchemeIsUnknown) {
  const Error error = error_of("carrier-pigeon://roof");
  EXPECT_EQ(error.kind, ErrorKind::invalid);
  EXPECT_THAT(error.message, HasSubstr("'carrier-pigeon:'"));
  for (const std::string& line : describe_linked()) EXPECT_THAT(error.message, HasSubstr(line));
  EXPECT_THAT(error.message, HasSubstr("memory:[NAME]"));
}

TEST(Linked, ListsTheOptionsWhenOneIsUnknown) {
  const Error error = error_of("memory:?colour=red");
  EXPECT_EQ(error.kind, ErrorKind::invalid);
  EXPECT_THAT(error.message, HasSubstr("'colour'"));
  EXPECT_THAT(error.message, HasSubstr("records_max"));
}

TEST(Linked, SaysWhatAValueMayBe) {
  EXPECT_THAT(error_of("memory:?partitions=0").message, HasSubstr("from 1 to 1024"));
  EXPECT_THAT(error_of("memory:?records_max=many").message, HasSubstr("records_max=many"));
}

}  // namespace
}  // namespace tidings::transport
