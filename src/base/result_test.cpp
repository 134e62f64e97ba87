#include "tidings/result.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace tidings {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return invalid("odd");
  return number / 2;
}

TEST(Result, HoldsAValueOrAnError) {
  ASSERT_TRUE(half(4));
  EXPECT_EQ(*half(4), 2);
  ASSERT_FALSE(half(3));
  EXPECT_EQ(half(3).error(), (Error{ErrorKind::invalid, "odd"}));
  EXPECT_EQ(half(3).value_or(7), 7);
}

TEST(Result, MovesWhatCannotBeCopied) {
  auto make = []() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(5); };
  auto owner = make().value();
  EXPECT_EQ(*owner, 5);
}

TEST(Result, OfNothingIsDoneOrAnError) {
  EXPECT_TRUE(Result<void>{});
  EXPECT_EQ(Result<void>{overloaded("full")}.error().kind, ErrorKind::overloaded);
}

TEST(ResultDeathTest, TheValueOfAnErrorEndsTheProgramWithItsText) {
  EXPECT_DEATH(static_cast<void>(half(3).value()), "it is an error: invalid: odd");
}

TEST(ErrorKind, HasANameForEachKind) {
  EXPECT_EQ(to_string(ErrorKind::overloaded), "overloaded");
  EXPECT_EQ(to_string(ErrorKind::unsupported), "unsupported");
}

}  // namespace
}  // namespace tidings
