#include "progress.hpp"

#include <gtest/gtest.h>

namespace shop {
namespace {

using tidings::transport::LagState;
using tidings::transport::TopicState;

std::size_t index_of(std::string_view group) {
  return static_cast<std::size_t>(std::ranges::find(kServices, group, &ServiceEntry::group) - kServices.begin());
}

TEST(Progress, CountsWhatIsSettledForGood) {
  const std::vector<TopicState> topics{{.name = "orders", .records = 10}, {.name = "payments", .records = 6}};
  const std::vector<LagState> lag{
      {.group = "payment-service", .topic = "orders", .unsettled = 4, .waiting = 1, .dead = 2},
      {.group = "audit-service", .topic = "orders", .unsettled = 1, .dead = 1},
      {.group = "audit-service", .topic = "payments", .unsettled = 2, .dead = 1},
  };
  const auto progress = measure(topics, lag);
  const auto& payment = progress.groups[index_of("payment-service")];
  EXPECT_EQ(payment.handled, 6);
  EXPECT_EQ(payment.lag, 4);
  EXPECT_EQ(payment.dead, 2);
  const auto& audit = progress.groups[index_of("audit-service")];
  EXPECT_EQ(audit.handled, 13);
  EXPECT_EQ(audit.lag, 3);
  EXPECT_EQ(audit.dead, 2);
}

TEST(Progress, IsNotDoneWhileAGroupHasNotJoined) {
  const std::vector<TopicState> topics{{.name = "orders", .records = 10}};
  const auto progress = measure(topics, {});
  EXPECT_EQ(progress.groups[index_of("payment-service")].lag, 10);
  EXPECT_EQ(progress.groups[index_of("inventory-service")].lag, 0);
  EXPECT_EQ(progress.handled(), 0);
}

TEST(Progress, DoesNotCountBackwardsWhenMoreCameMeanwhile) {
  const std::vector<TopicState> topics{{.name = "orders", .records = 10}};
  const std::vector<LagState> lag{{.group = "payment-service", .topic = "orders", .unsettled = 12}};
  EXPECT_EQ(measure(topics, lag).groups[index_of("payment-service")].handled, 0);
}

// A3: an order of amount 0 ends with its PaymentFailed.
TEST(Progress, KnowsHowMuchThereIsToDo) {
  const std::vector<Purchase> paid{{.order_id = "cdnow-2", .quantity = 1, .amount = tidings::Money{100}}};
  // payment, inventory, notification one each; order 2; analytics and audit 4 each
  EXPECT_EQ(deliveries_of(paid), 3 + 2 + 2 * 4);
  const std::vector<Purchase> refused{{.order_id = "cdnow-2", .quantity = 1}};
  // payment, inventory (skipped), order one each; analytics and audit 2 each
  EXPECT_EQ(deliveries_of(refused), 3 + 2 * 2);
}

}  // namespace
}  // namespace shop
