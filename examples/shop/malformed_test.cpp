#include "malformed.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace shop {
namespace {

// A5
TEST(Malformed, SendsSevenEventsOfTheirOwnIds) {
  std::set<std::string> ids;
  for (const auto& event : malformed_events(1, {})) ids.insert(event.record.id);
  EXPECT_EQ(ids.size(), 7u);
}

TEST(Malformed, AreTheSameForTheSameSeed) {
  const auto first = malformed_events(5, {}), second = malformed_events(5, {});
  for (std::size_t i = 0; i < first.size(); ++i) EXPECT_EQ(first[i].record, second[i].record);
}

TEST(Malformed, DifferWithTheSeed) {
  const auto of = [](std::uint64_t seed) {
    std::set<std::string> faults;
    for (const auto& event : malformed_events(seed, {})) faults.insert(event.fault);
    return faults;
  };
  std::set<std::set<std::string>> choices;
  for (std::uint64_t seed = 0; seed < 10; ++seed) choices.insert(of(seed));
  EXPECT_GT(choices.size(), 1u);
}

TEST(Malformed, AreSpreadOverTheRun) {
  const auto events = malformed_events(3, {});
  EXPECT_TRUE(std::ranges::is_sorted(events, {}, &Malformed::after));
  EXPECT_LT(events.front().after, 0.2);
  EXPECT_GT(events.back().after, 0.8);
  EXPECT_LE(events.back().after, 1.0);
}

}  // namespace
}  // namespace shop
