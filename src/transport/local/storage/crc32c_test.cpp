#include "transport/local/storage/crc32c.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tidings::local {
namespace {

TEST(Crc32c, GivesTheKnownAnswers) {
  EXPECT_EQ(crc32c(""), 0u);
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
}

TEST(Crc32c, IsTheSameByTableAndByInstruction) {
  std::string bytes;
  for (int i = 0; i < 100; ++i) {
    bytes += static_cast<char>(i * 37);
    EXPECT_EQ(crc32c(bytes), detail::crc32c_by_table(bytes));
  }
}

}  // namespace
}  // namespace tidings::local
