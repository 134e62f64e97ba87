#include "orders_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace shop {
namespace {

using ::testing::HasSubstr;

std::vector<Purchase> all_orders() {
  auto orders = read_orders(SHOP_DATA);
  EXPECT_TRUE(orders) << orders.error().message;
  return orders ? *orders : std::vector<Purchase>{};
}

// A4, A6: the constants that the books check against.
TEST(OrdersFile, HoldsTheOrdersOfTheDataSet) {
  std::int64_t cds = 0, cents = 0, free = 0;
  std::set<std::string> ids;
  for (const auto& purchase : all_orders()) {
    cds += purchase.quantity;
    cents += purchase.amount.cents;
    free += purchase.amount.cents == 0 ? 1 : 0;
    ids.insert(purchase.order_id);
  }
  EXPECT_EQ(ids.size(), 69'659u);
  EXPECT_EQ(cds, 167'881);
  EXPECT_EQ(cents, 2'500'315'63);
  EXPECT_EQ(free, 80);
}

TEST(OrdersFile, NamesAnOrderByItsLine) {
  const auto orders = all_orders();
  ASSERT_FALSE(orders.empty());
  EXPECT_EQ(orders.front().order_id, "cdnow-2");
  EXPECT_EQ(orders.front().date, "1997-01-01");
  EXPECT_EQ(orders.front().customer_id, "1");
  EXPECT_EQ(orders.front().quantity, 1);
  EXPECT_EQ(orders.front().amount.cents, 1177);
  EXPECT_EQ(orders.back().order_id, "cdnow-69660");
}

TEST(OrdersFile, ReadsAsManyAsAskedFor) {
  auto orders = read_orders(SHOP_DATA, 10);
  ASSERT_TRUE(orders);
  EXPECT_EQ(orders->size(), 10u);
}

TEST(OrdersFile, SaysWhichLineIsNoOrder) {
  for (const char* line : {"1997-01-01,1,1", "1997-01-01,1,1,1.00,more", "1997-01-01,1,none,1.00",
                           "1997-01-01,1,0,1.00", "1997-01-01,1,1,free", "1997-01-01,1,1,-1.00", ""}) {
    auto purchase = parse_purchase(line, 17);
    ASSERT_FALSE(purchase) << line;
    EXPECT_THAT(purchase.error().message, HasSubstr("line 17"));
  }
}

TEST(OrdersFile, RefusesAFileThatHoldsNoOrders) {
  auto orders = read_orders("/dev/null");
  ASSERT_FALSE(orders);
  EXPECT_THAT(orders.error().message, HasSubstr("/dev/null"));
}

}  // namespace
}  // namespace shop
