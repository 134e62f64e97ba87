#include "transport/rabbitmq/link/amqp_comparison.hpp"

#include <gtest/gtest.h>

namespace tidings::rabbitmq {
namespace {

Difference number(const std::string& argument) {
  return {.argument = argument, .theirs = "7", .kind = "long"};
}

TEST(Comparison, SetsWhatIsWantedAsItIsThere) {
  Comparison<QueueSpec> comparison{{.name = "q", .arguments = {{"x-max-length", std::int64_t{10}}}}, "queue 'q'"};
  EXPECT_TRUE(comparison.take(number("x-max-length")));
  ASSERT_EQ(comparison.wanted().arguments.size(), 1u);
  EXPECT_EQ(std::get<std::int64_t>(comparison.wanted().arguments[0].value), 7);
  EXPECT_TRUE(comparison.mismatch().all);
}

TEST(Comparison, TakesSoManyDifferencesAndSaysThatThereMayBeMore) {
  Comparison<QueueSpec> comparison{{.name = "q"}, "queue 'q'"};
  for (std::size_t i = 1; i < kDifferencesMax; ++i) ASSERT_TRUE(comparison.take(number("x-" + std::to_string(i))));
  EXPECT_TRUE(comparison.mismatch().all);
  EXPECT_FALSE(comparison.take(number("x-last")));
  EXPECT_EQ(comparison.mismatch().differences.size(), kDifferencesMax);
  EXPECT_FALSE(comparison.mismatch().all);
}

}  // namespace
}  // namespace tidings::rabbitmq
