// What a subscription reads: topics, patterns, commands, from where on (design, sections 1 and 5).
#include "tests/conformance/conformance.hpp"

namespace tidings::conformance {
namespace {

using transport::Start;
using transport::StartAt;

constexpr const char* kNothingOfBefore = "a group has nothing of what was published before it first joined";

TEST_P(SubscriptionConformance, ATopicSubscriptionReadsItsTopicOnly) {
  declare_topic("orders");
  declare_topic("payments");
  auto reader = join("g", "orders");
  publish_numbers("payments", 0, 5);
  publish_numbers("orders", 5, 5);
  EXPECT_EQ(reader.next(5, soon()).size(), 5u);
  EXPECT_TRUE(reader.all_within(unit()).empty());
  for (const auto& delivery : reader.received()) EXPECT_EQ(delivery.record.topic, "orders");
}

TEST_P(SubscriptionConformance, StartsAtTheBeginning) {
  if (!capabilities().keeps_for_later) GTEST_SKIP() << kNothingOfBefore;
  declare_topic("orders");
  publish_numbers("orders", 0, 5);
  auto reader = join({.group = "g", .topic = "orders", .start = Start{.at = StartAt::beginning}});
  EXPECT_EQ(reader.next(5, soon()).size(), 5u);
}

TEST_P(SubscriptionConformance, StartsAtTheEnd) {
  declare({.topics = {{.name = "orders", .partitions = 4}}, .published = {}});
  publish_numbers("orders", 0, 5);
  auto reader = join({.group = "g", .topic = "orders", .start = Start{.at = StartAt::end}});
  publish_numbers("orders", 5, 1);
  EXPECT_EQ(ids_of(reader.next(1, soon())), std::vector<std::string>{"5"});
  EXPECT_TRUE(reader.all_within(unit()).empty());
}

TEST_P(SubscriptionConformance, StartsAtATime) {
  if (!capabilities().keeps_for_later) GTEST_SKIP() << kNothingOfBefore;
  declare_topic("orders");
  publish_numbers("orders", 0, 5);
  executor().sleep_until(now() + unit());
  const Time time = now();
  publish_numbers("orders", 5, 3, 1);
  auto reader = join({.group = "g", .topic = "orders", .start = Start{.at = StartAt::time, .time = time}});
  EXPECT_EQ(ids_of(reader.next(3, soon())), (std::vector<std::string>{"5", "6", "7"}));
  EXPECT_TRUE(reader.all_within(unit()).empty());
}

TEST_P(SubscriptionConformance, AGroupThatHasAPositionKeepsIt) {
  declare({.topics = {{.name = "orders", .partitions = 4}}, .published = {}});
  const transport::SubscriptionSpec spec{.group = "g", .topic = "orders", .start = Start{.at = StartAt::end}};
  { auto reader = join(spec); }
  publish_numbers("orders", 0, 5);
  auto reader = join(spec);
  EXPECT_EQ(reader.next(5, soon()).size(), 5u) << "the start counts for a group without a position only";
}

TEST_P(SubscriptionConformance, APatternReadsTopicsOfMatchingTypes) {
  declare({.topics = {{.name = "orders"}, {.name = "payments"}},
           .published = {{"OrderCreated", "orders"}, {"PAYMENT_COMPLETED", "payments"}}});
  auto reader = join({.group = "g", .pattern = "order.*"});
  publish_numbers("orders", 0, 3);
  publish_numbers("payments", 3, 3);
  EXPECT_EQ(reader.next(3, soon()).size(), 3u);
  EXPECT_TRUE(reader.all_within(unit()).empty());
}

TEST_P(SubscriptionConformance, APatternReadsWhatIsDeclaredLaterElsewhere) {
  auto reader = join({.group = "g", .pattern = "order.*"});
  const auto declared =
      process("elsewhere").declare({.topics = {{.name = "orders"}}, .published = {{"OrderCreated", "orders"}}});
  ASSERT_TRUE(declared) << declared.error().message;
  publish_numbers("orders", 0, 3);
  EXPECT_EQ(reader.next(3, deadline(capabilities().discovery_max)).size(), 3u);
}

std::vector<transport::Record> of_type(const std::string& type, const std::string& topic, int first, int count) {
  std::vector<transport::Record> records;
  for (int number = first; number < first + count; ++number) {
    records.push_back(numbered(topic, number));
    records.back().type = type;
  }
  return records;
}

TEST_P(SubscriptionConformance, APatternReadsEventsOfMatchingTypes) {
  declare({.topics = {{.name = "orders"}, {.name = "payments"}},
           .published = {{"OrderCreated", "orders"}, {"PAYMENT_COMPLETED", "payments"}}});
  auto reader = join({.group = "g", .pattern = "order.*"});
  publish(of_type("OrderCreated", "orders", 0, 3));
  publish(of_type("PAYMENT_COMPLETED", "payments", 3, 3));
  EXPECT_EQ(reader.next(3, soon()).size(), 3u);
  EXPECT_TRUE(reader.all_within(unit()).empty());
  for (const auto& delivery : reader.received()) EXPECT_EQ(delivery.record.topic, "orders");
}

TEST_P(SubscriptionConformance, APatternReadsEventsOfTypesThatAreDeclaredLaterElsewhere) {
  auto reader = join({.group = "g", .pattern = "order.*"});
  const auto declared =
      process("elsewhere").declare({.topics = {{.name = "orders"}}, .published = {{"OrderCreated", "orders"}}});
  ASSERT_TRUE(declared) << declared.error().message;
  publish(of_type("OrderCreated", "orders", 0, 3));
  EXPECT_EQ(reader.next(3, deadline(capabilities().discovery_max)).size(), 3u);
}

TEST_P(SubscriptionConformance, APatternReadsItsExtraTopics) {
  declare({.topics = {{.name = "foreign"}}, .published = {}});
  auto reader = join({.group = "g", .pattern = "order.*", .extra_topics = {"foreign"}});
  publish_numbers("foreign", 0, 3);
  EXPECT_EQ(reader.next(3, soon()).size(), 3u);
}

TEST_P(SubscriptionConformance, HashReadsAllEventsAndNoCommands) {
  declare({.topics = {{.name = "orders"}, {.name = "foreign"}, {.name = "emails", .command = true}},
           .published = {{"OrderCreated", "orders"}, {"SendEmail", "emails"}}});
  auto reader = join({.group = "g", .pattern = "#"});
  publish_numbers("orders", 0, 2);
  publish_numbers("foreign", 2, 2);
  publish_numbers("emails", 4, 2);
  EXPECT_EQ(reader.next(4, soon()).size(), 4u);
  EXPECT_TRUE(reader.all_within(unit()).empty());
  for (const auto& delivery : reader.received()) EXPECT_NE(delivery.record.topic, "emails");
}

TEST_P(SubscriptionConformance, AQueueOfOthersIsOneGroupsOrUnsupported) {
  declare_topic("orders");
  const transport::SubscriptionSpec named{.group = "heir", .topic = "orders", .queue = kNamedQueue};
  if (!capabilities().named_queues) {
    const auto refused = here().consumer(named);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::unsupported);
    EXPECT_THAT(refused.error().message, ::testing::HasSubstr("queue 'named_queue'"));
    return;
  }
  auto reader = join(named);
  publish_numbers("orders", 0, 3);
  const auto deliveries = reader.next(3, soon());
  ASSERT_EQ(deliveries.size(), 3u);
  transport::SubscriptionSpec other = named;
  other.group = "other";
  EXPECT_EQ(here().consumer(other).error().kind, ErrorKind::conflict);
  ASSERT_TRUE(reader.settle(deliveries[0], transport::Bury{.reason = "failed"}));
  for (std::size_t i = 1; i < 3; ++i) ASSERT_TRUE(reader.settle(deliveries[i], transport::Accept{}));
  const auto letters = here().operations().dead_letters->browse({.group = "heir"}, "", 10);
  ASSERT_TRUE(letters) << letters.error().message;
  ASSERT_EQ(letters->size(), 1u);
  EXPECT_TRUE(here().operations().dead_letters->replay(letters->front().id).value());
  EXPECT_EQ(reader.next(1, soon()).size(), 1u);
}

// What transports keep besides: retries that wait, dead letters, replays, records of Control.
TEST_P(SubscriptionConformance, P3APatternOfEverythingReadsNothingOfOurs) {
  declare({.topics = {{.name = "orders"}}, .published = {{"OrderCreated", "orders"}}});
  auto all = join({.group = "audit", .pattern = "#"});
  auto shop = join("shop", "orders");
  auto caches = join({.group = "caches", .topic = "orders", .sharing = transport::Sharing::broadcast});
  expect_group({.group = "late", .pattern = "#"});
  publish_numbers("orders", 0, 3);
  const auto deliveries = shop.next(3, soon());
  ASSERT_EQ(deliveries.size(), 3u);
  const transport::Attempts attempts{.failed = 1, .due = now() + unit()};
  ASSERT_TRUE(shop.settle(deliveries[0], transport::Retry{transport::RetryOrder::relaxed, attempts}));
  ASSERT_TRUE(shop.settle(deliveries[1], transport::Bury{.reason = "failed"}));
  ASSERT_TRUE(shop.settle(deliveries[2], transport::Bury{.reason = "failed"}));
  ASSERT_TRUE(here().operations().dead_letters->replay(dead_letters().at(0).id).value());
  ASSERT_TRUE(here().control().put("pause/shop", "now", {}));
  EXPECT_EQ(shop.next(2, deadline(2 * unit())).size(), 2u) << "the retry, and the replay";
  auto late = join({.group = "late", .pattern = "#"});
  for (Reader* reader : {&all, &late}) {
    EXPECT_THAT(ids_of(reader->next(3, soon())), ::testing::UnorderedElementsAre("0", "1", "2"));
    EXPECT_TRUE(reader->all_within(2 * unit()).empty());
  }
  EXPECT_EQ(history("orders").size(), 3u);
}

TEST_P(SubscriptionConformance, ACommandGoesToOneSubscription) {
  declare({.topics = {{.name = "emails", .command = true}}, .published = {}});
  auto reader = join({.group = "notification", .topic = "emails", .command = true});
  const auto second = here().consumer({.group = "spam", .topic = "emails", .command = true});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::conflict);
  EXPECT_THAT(second.error().message, ::testing::HasSubstr("notification"));
  publish_numbers("emails", 0, 3);
  EXPECT_EQ(reader.next(3, soon()).size(), 3u);
}

TEST_P(SubscriptionConformance, AGroupDoesNotReadATopicTwice) {
  declare({.topics = {{.name = "orders"}}, .published = {{"OrderCreated", "orders"}}});
  auto reader = join("g", "orders");
  const auto twice = here().consumer({.group = "g", .pattern = "order.#"});
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().kind, ErrorKind::invalid);
  EXPECT_THAT(twice.error().message, ::testing::HasSubstr("orders"));
  EXPECT_TRUE(here().consumer({.group = "other", .pattern = "order.#"}));
}

TEST_P(SubscriptionConformance, RefusesWhatIsNoSubscription) {
  declare_topic("orders");
  EXPECT_EQ(here().consumer({.group = "", .topic = "orders"}).error().kind, ErrorKind::invalid);
  EXPECT_EQ(here().consumer({.group = "g"}).error().kind, ErrorKind::invalid);
  EXPECT_EQ(here().consumer({.group = "g", .topic = "orders", .pattern = "#"}).error().kind, ErrorKind::invalid);
}

TEST_P(SubscriptionConformance, ATopicIsDeclaredOnce) {
  declare_topic("orders", 2);
  const auto same = process("elsewhere").declare({.topics = {{.name = "orders", .partitions = 2}}, .published = {}});
  EXPECT_TRUE(same);
  const auto other = process("elsewhere").declare({.topics = {{.name = "orders", .command = true}}, .published = {}});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().kind, ErrorKind::conflict);
  EXPECT_THAT(other.error().message, ::testing::HasSubstr("orders"));
}

TEST_P(SubscriptionConformance, IsReachable) {
  EXPECT_TRUE(here().check(soon()));
}

}  // namespace
}  // namespace tidings::conformance
