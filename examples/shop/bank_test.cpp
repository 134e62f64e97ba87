#include "bank.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace shop {
namespace {

using tidings::Money;

std::string flaky_order(const Bank& bank, int failures) {
  for (int i = 2; i < 100'000; ++i) {
    auto id = fmt::format("cdnow-{}", i);
    if (bank.failures(id) == failures) return id;
  }
  ADD_FAILURE() << "no order fails " << failures << " times";
  return {};
}

// A5
TEST(Bank, IsNotReachedForOneOrderInAHundred) {
  const Bank bank{1997};
  int flaky = 0;
  for (int i = 0; i < 100'000; ++i) flaky += bank.failures(fmt::format("cdnow-{}", i)) > 0 ? 1 : 0;
  EXPECT_NEAR(flaky, 1'000, 100);
}

TEST(Bank, ChargesAfterAsManyFailuresAsItSays) {
  const Bank bank{7};
  for (const int failures : {0, 1, 2}) {
    const auto id = flaky_order(bank, failures);
    for (int attempt = 1; attempt <= failures; ++attempt) {
      auto answer = bank.charge(id, Money{100}, attempt);
      ASSERT_FALSE(answer);
      EXPECT_EQ(answer.error().kind, tidings::ErrorKind::unavailable);
    }
    auto answer = bank.charge(id, Money{100}, failures + 1);
    ASSERT_TRUE(answer);
    EXPECT_TRUE(std::holds_alternative<Bank::Receipt>(*answer));
  }
}

TEST(Bank, RefusesToChargeNothing) {
  const Bank bank{7};
  auto answer = bank.charge(flaky_order(bank, 0), Money{0}, 1);
  ASSERT_TRUE(answer);
  EXPECT_TRUE(std::holds_alternative<Bank::Refusal>(*answer));
}

TEST(Bank, FailsForOtherOrdersWithAnotherSeed) {
  const auto id = flaky_order(Bank{1}, 1);
  int flaky = 0;
  for (std::uint64_t seed = 2; seed < 12; ++seed) flaky += Bank{seed}.failures(id) > 0 ? 1 : 0;
  EXPECT_LT(flaky, 10);
}

}  // namespace
}  // namespace shop
