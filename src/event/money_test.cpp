#include "tidings/money.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace tidings {
namespace {

struct Row {
  const char* text;
  std::int64_t cents;
};

// A10: exact both ways.
TEST(Money, ReadsDecimalTextExactly) {
  const Row table[] = {{"11.77", 1177},
                       {"11.8", 1180},
                       {"12", 1200},
                       {"-0.05", -5},
                       {"0", 0},
                       {"-0", 0},
                       {"1.005e2", 10050},
                       {"1.23456789E7", 1234567890},
                       {"1177e-2", 1177},
                       {"11.770000000000000000000000000000000000000000000", 1177},
                       {"0e999999999", 0},
                       {"92233720368547758.07", INT64_MAX},
                       {"-92233720368547758.08", INT64_MIN}};
  for (const Row& row : table) {
    const auto money = Money::parse(row.text);
    ASSERT_TRUE(money) << row.text << ": " << money.error().message;
    EXPECT_EQ(money->cents, row.cents) << row.text;
  }
}

TEST(Money, RefusesWhatIsNoWholeNumberOfCents) {
  for (const char* text : {"11.775", "0.30000000000000004", "1e-3", "1e17", "1e999999999", "92233720368547758.08", "",
                           "-", ".5", "5.", "1e", "abc", "0x10", "1.2.3", " 1", "+1", "NaN"}) {
    const auto money = Money::parse(text);
    ASSERT_FALSE(money) << text;
    EXPECT_EQ(money.error().kind, ErrorKind::invalid) << text;
  }
}

TEST(Money, WritesTwoDecimals) {
  EXPECT_EQ(Money{1177}.text(), "11.77");
  EXPECT_EQ(Money{1200}.text(), "12.00");
  EXPECT_EQ(Money{5}.text(), "0.05");
  EXPECT_EQ(Money{-5}.text(), "-0.05");
  EXPECT_EQ(Money{INT64_MIN}.text(), "-92233720368547758.08");
}

TEST(Money, AddsUp) {
  EXPECT_EQ((Money{1177} + Money{23} - Money{100}).cents, 1100);
}

}  // namespace
}  // namespace tidings
