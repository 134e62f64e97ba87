// A19: what a topic keeps, and that nothing goes that a group has not settled, unless it may.
#include <algorithm>

#include "tests/conformance/conformance.hpp"

namespace tidings::conformance {
namespace {

using transport::Retention;
using transport::Unsettled;

constexpr Duration kAtOnce = std::chrono::microseconds{1};
constexpr int kEvents = 10;
constexpr const char* kNotOurs = "the broker removes what is old, by its own clock, and asks no group";

transport::Topology& topology_of(transport::Transport& transport) {
  return *transport.operations().topology;
}

Retention retention_of(transport::Transport& transport, const std::string& topic) {
  const auto states = topology_of(transport).topics().value();
  for (const auto& state : states) {
    if (state.name == topic) return state.retention;
  }
  return {};
}

TEST_P(RetentionConformance, IsDeclaredOnceAndShown) {
  declare({.topics = {{.name = "orders"}}, .published = {}});
  EXPECT_EQ(retention_of(here(), "orders").unsettled, usual());
  const Retention wanted{.age = 2 * std::chrono::hours{1}, .bytes = 5'000'000};
  declare({.topics = {{.name = "orders", .retention = wanted}}, .published = {}});
  EXPECT_EQ(retention_of(here(), "orders").age, wanted.age) << "what was never set is set";
  EXPECT_EQ(retention_of(here(), "orders").bytes, wanted.bytes);
  declare({.topics = {{.name = "orders"}}, .published = {}});
  EXPECT_EQ(retention_of(here(), "orders").age, wanted.age) << "who says nothing changes nothing";
  const auto other = here().declare({.topics = {{.name = "orders", .retention = {.age = unit()}}}, .published = {}});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().kind, ErrorKind::conflict);
  EXPECT_EQ(retention_of(here(), "orders").age, wanted.age);
}

TEST_P(RetentionConformance, IsChangedByOperators) {
  declare({.topics = {{.name = "orders", .retention = {.age = unit(), .bytes = 7}}}, .published = {}});
  ASSERT_TRUE(topology_of(here()).set_retention("orders", {.age = Retention::kAgeEndless}));
  const Retention now{.age = Retention::kAgeEndless, .bytes = 7, .unsettled = usual()};
  EXPECT_EQ(retention_of(process("elsewhere"), "orders"), now);
  ASSERT_TRUE(
      topology_of(here()).set_retention("orders", {.bytes = Retention::kBytesEndless, .unsettled = Unsettled::expire}));
  EXPECT_EQ(retention_of(here(), "orders").bytes, Retention::kBytesEndless);
  EXPECT_EQ(retention_of(here(), "orders").unsettled, Unsettled::expire);
  for (const auto& [topic, change] :
       {std::pair{"nowhere", Retention{.bytes = 1}}, std::pair{"orders", Retention{.age = -unit()}}}) {
    const auto refused = topology_of(here()).set_retention(topic, change);
    ASSERT_FALSE(refused) << topic;
    EXPECT_EQ(refused.error().kind, ErrorKind::invalid) << topic;
  }
}

}  // namespace

void RetentionConformance::abandon() {
  declare_topic("orders");
  declare_topic("last");
  publish_numbers("orders", 0, kEvents);
  publish_numbers("last", kEvents, 1);  // the very newest may be kept for other reasons
  auto gone = join("gone", "orders");
  const auto deliveries = gone.next(kEvents, soon());
  ASSERT_EQ(deliveries.size(), std::size_t{kEvents});
  EXPECT_TRUE(gone.settle(deliveries[0], transport::Accept{}));
  const transport::Attempts attempts{.failed = 1, .due = now() + std::chrono::hours{1}};
  EXPECT_TRUE(
      gone.settle(deliveries[1], transport::Retry{.order = transport::RetryOrder::strict, .attempts = attempts}));
}

bool RetentionConformance::cleaned_until(const Retention& of_orders, const std::function<bool()>& done) {
  const Time until = deadline(kScarceCleaningMax / kPatience);
  while (now() < until) {
    executor().sleep_until(now() + unit());
    const auto topics = topology_of(here()).topics().value();
    for (const auto& topic : topics) {
      const Retention change = topic.name == "orders" ? of_orders : Retention{.age = kAtOnce};
      EXPECT_TRUE(topology_of(here()).set_retention(topic.name, change));
    }
    if (done()) return true;
  }
  return false;
}

namespace {

TEST_P(RetentionConformance, P9NeverRemovesWhatAGroupHasNotSettled) {
  if (!capabilities().keeps_unsettled) GTEST_SKIP() << kNotOurs;
  abandon();
  declare_topic("payments");
  publish_numbers("payments", 20, 5);
  publish_numbers("last", 25, 1);
  EXPECT_TRUE(cleaned_until({.age = kAtOnce}, [&] { return history("payments").empty(); })) << "what nobody reads goes";
  EXPECT_GE(history("orders").size(), std::size_t{kEvents - 1});
  EXPECT_EQ(lag("gone", "orders")->unsettled, std::size_t{kEvents - 1});
  EXPECT_EQ(lag("gone", "orders")->expired, 0u);
  auto back = join("gone", "orders");
  EXPECT_EQ(back.next(kEvents - 1, soon()).size(), std::size_t{kEvents - 1});
}

// Who is away for a while, as every service is between its end and its next start, loses nothing, though it may.
TEST_P(RetentionConformance, P9LosesNothingOfAGroupThatIsOnlyAway) {
  if (!capabilities().keeps_unsettled) GTEST_SKIP() << kNotOurs;
  const Retention allowed{.age = kAtOnce, .unsettled = Unsettled::expire};
  abandon();
  declare_topic("payments");
  publish_numbers("payments", 20, 5);
  publish_numbers("last", 25, 1);
  EXPECT_TRUE(topology_of(here()).set_retention("orders", allowed));
  close("here");
  // The first thing that happens in a store that is opened is a pass of its cleaner.
  EXPECT_TRUE(cleaned_until(allowed, [&] { return history("payments").empty(); })) << "a pass was made";
  EXPECT_EQ(lag("gone", "orders")->expired, 0u);
  EXPECT_EQ(lag("gone", "orders")->unsettled, std::size_t{kEvents - 1});
  auto back = join("gone", "orders");
  EXPECT_EQ(back.next(kEvents - 1, soon()).size(), std::size_t{kEvents - 1});
}

TEST_P(RetentionConformance, P9RemovesWhatOnlyAGroupThatIsGoneHasNotSettledWhereThatIsAllowed) {
  const Duration gone_after = fixture().hasten_gone();
  if (!capabilities().keeps_unsettled) GTEST_SKIP() << kNotOurs;
  abandon();
  auto live = join("live", "orders");
  auto deliveries = live.next(kEvents, soon());
  ASSERT_EQ(deliveries.size(), std::size_t{kEvents});
  std::ranges::sort(deliveries, {}, [](const auto& delivery) { return delivery.position.offset; });
  EXPECT_TRUE(live.accept({deliveries.data(), kEvents - 2}));
  executor().sleep_until(now() + gone_after + unit());
  const Retention allowed{.age = kAtOnce, .unsettled = Unsettled::expire};
  ASSERT_TRUE(cleaned_until(allowed, [&] { return history("orders").size() <= 2; }));
  ASSERT_EQ(history("orders").size(), 2u);
  const auto behind = lag("gone", "orders");
  ASSERT_TRUE(behind);
  EXPECT_LE(behind->unsettled, 2u);
  EXPECT_GE(behind->unsettled, 1u) << "it has settled one of the ten";
  EXPECT_EQ(behind->expired, kEvents - 1 - behind->unsettled) << "each that it lost is counted";
  EXPECT_EQ(lag("live", "orders")->expired, 0u);
  EXPECT_EQ(lag("live", "orders")->unsettled, 2u) << "who is live loses nothing";

  EXPECT_TRUE(live.accept({deliveries.data() + kEvents - 2, 2}));
  ASSERT_TRUE(cleaned_until(allowed, [&] { return history("orders").empty(); }));
  EXPECT_EQ(lag("gone", "orders")->expired, std::size_t{kEvents - 1});
  EXPECT_EQ(lag("gone", "orders")->unsettled, 0u);
  EXPECT_EQ(lag("gone", "orders")->waiting, 0u) << "the retry that waited went, too";

  // It goes on with what comes then, and what it is in the middle of is its own again.
  auto back = join("gone", "orders");
  publish_numbers("orders", 30, 3, 1);
  EXPECT_EQ(ids_of(back.next(3, soon())), (std::vector<std::string>{"30", "31", "32"}));
  EXPECT_TRUE(back.all_within(unit()).empty());
  int looks = 0;
  EXPECT_TRUE(cleaned_until(allowed, [&] { return ++looks == 5; }));
  EXPECT_EQ(lag("gone", "orders")->unsettled, 3u);

  ASSERT_TRUE((live.leave(), back.leave(), true));
  ASSERT_TRUE(topology_of(here()).remove_group("gone"));
  { auto anew = join("gone", "orders"); }
  EXPECT_EQ(lag("gone", "orders")->expired, 0u) << "a new group has lost nothing";
}

// A relaxed retry does not lie in the topic any more: it is not lost with it.
TEST_P(RetentionConformance, P9LeavesTheRelaxedRetriesOfAGroupThatIsGone) {
  const Duration gone_after = fixture().hasten_gone();
  if (!capabilities().keeps_unsettled) GTEST_SKIP() << kNotOurs;
  declare_topic("orders");
  declare_topic("last");
  publish_numbers("orders", 0, 2);
  publish_numbers("last", 2, 1);
  const transport::Attempts attempts{.failed = 1, .due = now() + 10 * unit()};
  {
    auto gone = join("gone", "orders");
    const auto deliveries = gone.next(2, soon());
    ASSERT_EQ(deliveries.size(), 2u);
    EXPECT_TRUE(
        gone.settle(deliveries[0], transport::Retry{.order = transport::RetryOrder::relaxed, .attempts = attempts}));
    EXPECT_TRUE(gone.settle(deliveries[1], transport::Accept{}));
  }
  executor().sleep_until(now() + gone_after + unit());
  const Retention allowed{.age = kAtOnce, .unsettled = Unsettled::expire};
  ASSERT_TRUE(cleaned_until(allowed, [&] { return history("orders").empty(); }));
  EXPECT_EQ(lag("gone", "orders")->unsettled, 1u);
  EXPECT_EQ(lag("gone", "orders")->expired, 0u);
  auto back = join("gone", "orders");
  const auto again = back.next(1, deadline(10 * unit()));
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].attempts.failed, 1);
}

}  // namespace
}  // namespace tidings::conformance
