// P2, P3 and P6: dead letters are durable, unchanged, and go back to their subscription only.
#include "tests/conformance/conformance.hpp"

namespace tidings::conformance {
namespace {

using transport::Attempts;
using transport::Bury;

Bury failed(Time now) {
  return {.reason = "failed",
          .error = "the bank is closed",
          .attempts = Attempts{.failed = 4, .crashes = 1, .first_failed = now - std::chrono::seconds{5}}};
}

TEST_P(DeadLetterConformance, P2ABuriedEventIsADeadLetterUnchanged) {
  declare_topic("orders");
  transport::Record odd = numbered("orders", 7);
  odd.headers = {{"a", std::string{"\0", 1}}, {"b", std::nullopt}};
  odd.body = std::string{"not { JSON \xff", 12};
  publish({odd});
  Time buried_after;
  transport::Position position;
  {
    auto reader = join("g", "orders");
    const auto deliveries = reader.next(1, soon());
    ASSERT_EQ(deliveries.size(), 1u);
    position = deliveries[0].position;
    buried_after = now();
    ASSERT_TRUE(reader.settle(deliveries[0], failed(buried_after)));
  }
  close("here");
  const auto letters = dead_letters("g");
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].record, as_kept(odd, letters[0].record));
  EXPECT_EQ(letters[0].group, "g");
  EXPECT_EQ(letters[0].subscription, "orders");
  EXPECT_EQ(letters[0].reason, "failed");
  EXPECT_EQ(letters[0].error, "the bank is closed");
  EXPECT_EQ(letters[0].attempts, 4);
  EXPECT_EQ(letters[0].crashes, 1);
  EXPECT_EQ(letters[0].replays, 0);
  EXPECT_EQ(letters[0].first_failed, buried_after - std::chrono::seconds{5});
  EXPECT_GE(letters[0].buried, buried_after);
  EXPECT_EQ(letters[0].position, position);
  EXPECT_FALSE(letters[0].host.empty());
  EXPECT_EQ(lag("g", "orders")->dead, 1u);
  EXPECT_EQ(lag("g", "orders")->unsettled, 0u);
}

TEST_P(DeadLetterConformance, P3AReplayGoesToItsSubscriptionOnly) {
  declare_topic("orders");
  for (const char* group : {"first", "second"}) expect_group(group, "orders");
  publish_numbers("orders", 0, 1);
  auto first = join("first", "orders");
  auto second = join("second", "orders");
  const auto of_first = first.next(1, soon());
  ASSERT_EQ(of_first.size(), 1u);
  ASSERT_EQ(second.next(1, soon()).size(), 1u);
  ASSERT_TRUE(first.settle(of_first[0], failed(now())));
  ASSERT_TRUE(second.accept(second.received()));
  const auto letters = dead_letters();
  ASSERT_EQ(letters.size(), 1u);
  transport::DeadLetters& dead = *here().operations().dead_letters;
  EXPECT_TRUE(dead.replay(letters[0].id).value());
  EXPECT_FALSE(dead.replay(letters[0].id).value()) << "a repetition is harmless";
  const auto again = first.next(1, soon());
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].record.id, "0");
  EXPECT_EQ(again[0].attempts, Attempts{});
  EXPECT_EQ(again[0].replays, 1);
  EXPECT_TRUE(second.all_within(2 * unit()).empty());
  EXPECT_TRUE(dead_letters().empty());
}

TEST_P(DeadLetterConformance, CountsReplays) {
  declare_topic("orders");
  publish_numbers("orders", 0, 1);
  auto reader = join("g", "orders");
  transport::DeadLetters& dead = *here().operations().dead_letters;
  for (int replays = 0; replays < 3; ++replays) {
    const auto deliveries = reader.next(1, soon());
    ASSERT_EQ(deliveries.size(), 1u);
    EXPECT_EQ(deliveries[0].replays, replays);
    ASSERT_TRUE(reader.settle(deliveries[0], failed(now())));
    const auto letters = dead_letters("g");
    ASSERT_EQ(letters.size(), 1u);
    EXPECT_EQ(letters[0].replays, replays);
    ASSERT_TRUE(dead.replay(letters[0].id).value());
  }
}

TEST_P(DeadLetterConformance, AReplayWaitsWhileNobodyIsThere) {
  declare_topic("orders");
  publish_numbers("orders", 0, 1);
  {
    auto reader = join("g", "orders");
    const auto deliveries = reader.next(1, soon());
    ASSERT_EQ(deliveries.size(), 1u);
    ASSERT_TRUE(reader.settle(deliveries[0], failed(now())));
  }
  const auto letters = dead_letters("g");
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_TRUE(here().operations().dead_letters->replay(letters[0].id).value());
  EXPECT_EQ(lag("g", "orders")->unsettled, 1u);
  auto reader = join("g", "orders", "elsewhere");
  EXPECT_EQ(reader.next(1, soon()).size(), 1u);
}

TEST_P(DeadLetterConformance, BrowsesByFilterPageAndAge) {
  declare_topic("orders");
  declare_topic("payments");
  expect_group("h", "payments");
  publish_numbers("orders", 0, 4, 1);
  publish_numbers("payments", 4, 2, 1);
  auto orders = join("g", "orders");
  auto payments = join("h", "payments");
  const auto four = orders.next(4, soon());
  const auto two = payments.next(2, soon());
  ASSERT_EQ(four.size(), 4u);
  ASSERT_EQ(two.size(), 2u);
  for (const auto& delivery : four) ASSERT_TRUE(orders.settle(delivery, Bury{.reason = "failed"}));
  executor().sleep_until(now() + unit());
  const Time later = now();
  for (const auto& delivery : two) ASSERT_TRUE(payments.settle(delivery, Bury{.reason = "undecodable"}));
  transport::DeadLetters& dead = *here().operations().dead_letters;
  const auto count = [&](const transport::DeadFilter& filter) { return dead.browse(filter, "", 100).value().size(); };
  EXPECT_EQ(count({}), 6u);
  EXPECT_EQ(count({.group = "g"}), 4u);
  EXPECT_EQ(count({.topic = "payments"}), 2u);
  EXPECT_EQ(count({.reason = "undecodable"}), 2u);
  EXPECT_EQ(count({.type = "Numbered"}), 6u);
  EXPECT_EQ(count({.type = "Other"}), 0u);
  EXPECT_EQ(count({.since = later}), 2u);
  const auto first = dead.browse({.group = "g"}, "", 3).value();
  ASSERT_EQ(first.size(), 3u);
  EXPECT_EQ(first[0].record.id, "0") << "oldest first";
  const auto rest = dead.browse({.group = "g"}, first[2].id, 3).value();
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].record.id, "3");
}

TEST_P(DeadLetterConformance, ShowsAndDiscardsOne) {
  declare_topic("orders");
  publish_numbers("orders", 0, 1);
  auto reader = join("g", "orders");
  const auto deliveries = reader.next(1, soon());
  ASSERT_EQ(deliveries.size(), 1u);
  ASSERT_TRUE(reader.settle(deliveries[0], failed(now())));
  const auto letters = dead_letters();
  ASSERT_EQ(letters.size(), 1u);
  transport::DeadLetters& dead = *here().operations().dead_letters;
  const auto shown = dead.show(letters[0].id).value();
  ASSERT_TRUE(shown);
  EXPECT_EQ(shown->record, letters[0].record);
  EXPECT_FALSE(dead.show("no such id").value());
  EXPECT_TRUE(dead.discard(letters[0].id).value());
  EXPECT_FALSE(dead.discard(letters[0].id).value());
  EXPECT_TRUE(dead_letters().empty());
  EXPECT_TRUE(reader.all_within(unit()).empty());
}

}  // namespace
}  // namespace tidings::conformance
