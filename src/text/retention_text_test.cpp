#include "text/retention_text.hpp"

#include <gtest/gtest.h>

namespace tidings::text {
namespace {

TEST(RetentionText, GoesBothWays) {
  for (const std::string_view text : {"0B", "1B", "1000B", "1KB", "500MB", "1GB", "3TB", "endless"})
    EXPECT_EQ(retention_size_text(*retention_size_of(text)), text);
  for (const std::string_view text : {"0s", "90s", "12h", "7d", "endless"})
    EXPECT_EQ(retention_age_text(*retention_age_of(text)), text);
  for (const std::string_view text : {"keep", "expire"}) EXPECT_EQ(unsettled_text(*unsettled_of(text)), text);
  for (const std::string_view bad :
       {"", "1", "GB", "1.5GB", "-1B", "1 GB", "1gb", "16777216TB", "99999999999999999999B"})
    EXPECT_FALSE(retention_size_of(bad)) << bad;
}

}  // namespace
}  // namespace tidings::text
