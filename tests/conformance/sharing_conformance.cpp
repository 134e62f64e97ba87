// P3 and P4: every group gets every event; in a group each goes to one member; broadcast reaches all.
#include <set>

#include "tests/conformance/conformance.hpp"

namespace tidings::conformance {
namespace {

using transport::Accept;
using transport::Sharing;
using transport::Start;
using transport::StartAt;

std::set<std::string> set_of_ids(const Reader& reader) {
  const auto ids = ids_of(reader.received());
  return {ids.begin(), ids.end()};
}

TEST_P(SharingConformance, P3EveryGroupGetsEveryEvent) {
  declare_topic("orders");
  auto first = join("first", "orders");
  auto second = join("second", "orders", "elsewhere");
  publish_numbers("orders", 0, 40);
  EXPECT_EQ(first.next(40, soon()).size(), 40u);
  EXPECT_EQ(second.next(40, soon()).size(), 40u);
}

TEST_P(SharingConformance, P4EachEventGoesToOneMemberOfAGroup) {
  declare_topic("orders", 8);
  auto first = join("g", "orders");
  auto second = join("g", "orders", "elsewhere");
  // Both have their share before anything is published.
  const auto shared = [&] {
    return first.noticed(transport::Notice::Kind::assigned) && second.noticed(transport::Notice::Kind::assigned);
  };
  ASSERT_TRUE(receive_until(shared, {&first, &second}, executor(), deadline(fixture().hand_over_max())));
  publish_numbers("orders", 0, 200, 50);
  const auto all = [&] { return first.received().size() + second.received().size() >= 200; };
  ASSERT_TRUE(receive_until(all, {&first, &second}, executor(), soon()));
  EXPECT_EQ(first.received().size() + second.received().size(), 200u);
  EXPECT_GT(first.received().size(), 0u);
  EXPECT_GT(second.received().size(), 0u);
  std::set<std::string> both = set_of_ids(first);
  both.merge(set_of_ids(second));
  EXPECT_EQ(both.size(), 200u);
}

TEST_P(SharingConformance, BroadcastReachesEveryInstance) {
  declare_topic("orders");
  const transport::SubscriptionSpec spec{
      .group = "caches", .topic = "orders", .sharing = Sharing::broadcast, .start = Start{.at = StartAt::end}};
  auto first = join(spec);
  auto second = join(spec, "elsewhere");
  publish_numbers("orders", 0, 30);
  EXPECT_EQ(first.next(30, soon()).size(), 30u);
  EXPECT_EQ(second.next(30, soon()).size(), 30u);
  EXPECT_TRUE(first.accept(first.received()));
  EXPECT_TRUE(second.accept(second.received()));
}

TEST_P(SharingConformance, P3ARetryOfOneGroupIsNotSeenByAnother) {
  declare_topic("orders");
  auto first = join("first", "orders");
  auto second = join("second", "orders");
  publish_numbers("orders", 0, 1);
  const auto of_first = first.next(1, soon());
  const auto of_second = second.next(1, soon());
  ASSERT_EQ(of_first.size(), 1u);
  ASSERT_EQ(of_second.size(), 1u);
  transport::Attempts attempts{.failed = 1, .due = now() + unit()};
  ASSERT_TRUE(
      first.settle(of_first[0], transport::Retry{.order = transport::RetryOrder::relaxed, .attempts = attempts}));
  ASSERT_TRUE(second.accept(of_second));
  const auto again = first.next(1, deadline(unit() + capabilities().retry_late_max));
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].attempts.failed, 1);
  EXPECT_TRUE(second.all_within(2 * unit()).empty());
}

}  // namespace
}  // namespace tidings::conformance
