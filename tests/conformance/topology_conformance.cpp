// What operators see: topics, groups, members, lag (A37).
#include "tests/conformance/conformance.hpp"

namespace tidings::conformance {
namespace {

using transport::GroupState;

class TopologyView {
 public:
  explicit TopologyView(transport::Transport& transport) : topology_{*transport.operations().topology} {}

  std::optional<transport::TopicState> topic(const std::string& name) {
    const auto states = topology_.topics().value();
    for (const auto& state : states) {
      if (state.name == name) return state;
    }
    return std::nullopt;
  }
  std::optional<GroupState> group(const std::string& name) {
    const auto states = topology_.groups().value();
    for (const auto& state : states) {
      if (state.name == name) return state;
    }
    return std::nullopt;
  }

 private:
  transport::Topology& topology_;
};

TEST_P(TopologyConformance, ShowsTopics) {
  declare({.topics = {{.name = "orders", .partitions = 3}, {.name = "emails", .command = true}}, .published = {}});
  const Time before = now();
  publish_numbers("orders", 0, 10);
  TopologyView view{here()};
  const auto orders = view.topic("orders");
  ASSERT_TRUE(orders);
  EXPECT_FALSE(orders->command);
  EXPECT_EQ(orders->partitions, 3);
  EXPECT_EQ(orders->records, 10u);
  EXPECT_GT(orders->bytes, 0u);
  ASSERT_TRUE(orders->oldest);
  EXPECT_GE(*orders->oldest, before - capabilities().time_unit);
  const auto emails = view.topic("emails");
  ASSERT_TRUE(emails);
  EXPECT_TRUE(emails->command);
  EXPECT_EQ(emails->records, 0u);
}

TEST_P(TopologyConformance, ShowsGroupsAndTheirMembers) {
  declare({.topics = {{.name = "orders", .partitions = 4}}, .published = {{"OrderCreated", "orders"}}});
  auto audit = join({.group = "audit", .pattern = "#"});
  auto first = join({.group = "g", .instance = "one", .topic = "orders"});
  auto second = join({.group = "g", .instance = "two", .topic = "orders"}, "elsewhere");
  TopologyView view{here()};
  const auto settled = [&] {
    const auto group = view.group("g");
    return group && group->members.size() == 2 && group->members[0].partitions == 2 &&
           group->members[1].partitions == 2;
  };
  EXPECT_TRUE(receive_until(settled, {&first, &second}, executor(), deadline(fixture().hand_over_max())));
  const auto group = view.group("g");
  ASSERT_TRUE(group);
  EXPECT_EQ(group->topic, "orders");
  EXPECT_EQ(group->topics, std::vector<std::string>{"orders"});
  std::vector<std::string> instances;
  for (const auto& member : group->members) instances.push_back(member.instance);
  EXPECT_THAT(instances, ::testing::UnorderedElementsAre("one", "two"));
  const auto pattern = view.group("audit");
  ASSERT_TRUE(pattern);
  EXPECT_EQ(pattern->pattern, "#");
  EXPECT_EQ(pattern->topics, std::vector<std::string>{"orders"});
}

TEST_P(TopologyConformance, CountsLag) {
  declare_topic("orders");
  { auto reader = join("g", "orders"); }
  const Time before = now();
  publish_numbers("orders", 0, 10);
  auto behind = lag("g", "orders");
  ASSERT_TRUE(behind);
  EXPECT_EQ(behind->unsettled, 10u);
  ASSERT_TRUE(behind->oldest);
  EXPECT_GE(*behind->oldest, before - capabilities().time_unit);
  auto reader = join("g", "orders");
  const auto deliveries = reader.next(10, soon());
  ASSERT_EQ(deliveries.size(), 10u);
  EXPECT_EQ(lag("g", "orders")->unsettled, 10u) << "in flight is not settled";
  EXPECT_TRUE(reader.accept({deliveries.data(), 4}));
  const transport::Attempts attempts{.failed = 1, .due = now() + std::chrono::hours{1}};
  using transport::RetryOrder;
  EXPECT_TRUE(reader.settle(deliveries[4], transport::Retry{.order = RetryOrder::strict, .attempts = attempts}));
  EXPECT_TRUE(reader.settle(deliveries[5], transport::Retry{.order = RetryOrder::relaxed, .attempts = attempts}));
  EXPECT_TRUE(reader.settle(deliveries[6], transport::Bury{.reason = "failed"}));
  behind = lag("g", "orders");
  EXPECT_EQ(behind->unsettled, 5u);
  EXPECT_EQ(behind->waiting, 2u);
  EXPECT_EQ(behind->dead, 1u);
}

TEST_P(TopologyConformance, RemovesAGroupThatIsGone) {
  declare_topic("orders");
  publish_numbers("orders", 0, 3, 1);
  transport::Topology& topology = *here().operations().topology;
  {
    auto reader = join("g", "orders");
    const auto deliveries = reader.next(3, soon());
    ASSERT_EQ(deliveries.size(), 3u);
    EXPECT_TRUE(reader.settle(deliveries[0], transport::Bury{.reason = "failed"}));
    const auto live = topology.remove_group("g");
    ASSERT_FALSE(live);
    EXPECT_EQ(live.error().kind, ErrorKind::conflict);
  }
  EXPECT_TRUE(topology.remove_group("g"));
  EXPECT_FALSE(lag("g", "orders"));
  EXPECT_TRUE(dead_letters("g").empty());
  auto reader = join("g", "orders");
  publish_numbers("orders", 3, 1);
  const std::size_t anew = capabilities().keeps_for_later ? 4 : 1;
  EXPECT_EQ(reader.next(anew, soon()).size(), anew) << "a new group begins anew";
  EXPECT_TRUE(reader.all_within(unit()).empty());
}

}  // namespace
}  // namespace tidings::conformance
