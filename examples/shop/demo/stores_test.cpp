#include "stores.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "groups.hpp"
#include "tables.hpp"
#include "tidings/sqlite.hpp"

namespace shop {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

constexpr auto kUuid = "01890a5d-ac96-774b-bcce-b302099a8057";

// Databases as the services leave them.
class StoresTest : public ::testing::Test {
 protected:
  StoresTest()
      : path_{fs::path{::testing::TempDir()} /
              ("shop-stores-" + std::string{::testing::UnitTest::GetInstance()->current_test_info()->name()})} {
    fs::remove_all(path_);
    fs::create_directories(path_);
    const char* tables[] = {kOrderTables,        kPaymentTables,   kInventoryTables,
                            kNotificationTables, kAnalyticsTables, kAuditTables};
    for (std::size_t i = 0; i < kServices.size(); ++i) create(kServices[i].database, tables[i]);
  }
  ~StoresTest() override { fs::remove_all(path_); }

  std::string file(std::string_view name) const { return (path_ / name).string(); }

  void create(std::string_view database, const char* tables) {
    run(database, tables);
    EXPECT_TRUE(tidings::open_sqlite_inbox(file(database)));
  }
  void run(std::string_view database, const std::string& sql) const {
    auto opened = tidings::Sqlite::open(file(database));
    ASSERT_TRUE(opened) << opened.error().message;
    auto done = opened->script(sql);
    ASSERT_TRUE(done) << done.error().message;
  }
  void mark(std::string_view database, std::string_view group, std::string_view event) const {
    auto inbox = tidings::open_sqlite_inbox(file(database));
    ASSERT_TRUE(inbox);
    auto transaction = (*inbox)->begin(tidings::Time{});
    ASSERT_TRUE(transaction);
    ASSERT_TRUE((*transaction)->admit({.group = group, .event_id = event, .digest = 1}));
    ASSERT_TRUE((*transaction)->keep({}));
    ASSERT_TRUE((*transaction)->commit());
  }
  Stores read() const {
    auto stores = read_databases(path_.string());
    EXPECT_TRUE(stores) << stores.error().message;
    return stores ? *stores : Stores{};
  }

  fs::path path_;
};

// A6
TEST_F(StoresTest, AreReadBackAsTheServicesWroteThem) {
  run("order.db", "INSERT INTO orders VALUES ('cdnow-2', '1', 3, 1177, 'confirmed')");
  run("payment.db",
      "INSERT INTO payments VALUES ('cdnow-2', 'p', 1177, 2); INSERT INTO refusals VALUES ('cdnow-3', 'r', 0, 1)");
  run("inventory.db", "INSERT INTO reservations VALUES ('cdnow-2', 3)");
  run("notification.db", "INSERT INTO emails VALUES ('cdnow-2', 'someone', 'something')");
  run("analytics.db", "INSERT INTO totals VALUES ('PaymentCompleted', 1, 1177), ('OrderCreated', 2, 0)");
  run("audit.db", "INSERT INTO log VALUES ('event', 'OrderCreated', 'cdnow-2', 'story', 5)");

  const auto stores = read();
  ASSERT_EQ(stores.orders.size(), 1u);
  EXPECT_EQ(stores.orders[0].order_id, "cdnow-2");
  EXPECT_EQ(stores.orders[0].quantity, 3);
  EXPECT_EQ(stores.orders[0].amount.cents, 1177);
  EXPECT_EQ(stores.orders[0].state, "confirmed");
  ASSERT_EQ(stores.payments.size(), 1u);
  EXPECT_EQ(stores.payments[0].amount.cents, 1177);
  EXPECT_EQ(stores.payments[0].attempts, 2);
  ASSERT_EQ(stores.refusals.size(), 1u);
  EXPECT_EQ(stores.refusals[0].order_id, "cdnow-3");
  ASSERT_EQ(stores.reservations.size(), 1u);
  EXPECT_EQ(stores.reservations[0].quantity, 3);
  EXPECT_THAT(stores.emails, ElementsAre("cdnow-2"));
  EXPECT_THAT(stores.audited, ElementsAre("event"));
  EXPECT_EQ(stores.counted.at("OrderCreated"), 2);
  EXPECT_EQ(stores.revenue.cents, 1177);
  EXPECT_EQ(stores.unsent, 0u);
}

TEST_F(StoresTest, ReadTheIdsOfTheMarksOfAGroup) {
  mark("payment.db", "payment-service", kUuid);
  mark("payment.db", "payment-service", "malformed-1");
  mark("payment.db", "another-group", "stranger");
  EXPECT_THAT(read().accepted.at("payment-service"), UnorderedElementsAre(kUuid, "malformed-1"));
}

TEST_F(StoresTest, SayWhichDatabaseCannotBeRead) {
  run("audit.db", "DROP TABLE log");
  auto stores = read_databases(path_.string());
  ASSERT_FALSE(stores);
  EXPECT_THAT(stores.error().message, HasSubstr("audit.db"));
}

}  // namespace
}  // namespace shop
