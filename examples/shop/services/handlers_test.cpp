// E7 on the shop: an event that comes twice leaves behind what it leaves when it comes once.
#include "handlers.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>

#include "events.hpp"
#include "store.hpp"
#include "tables.hpp"
#include "tidings/testing/harness.hpp"

namespace shop {
namespace {

namespace fs = std::filesystem;
using tidings::testing::Harness;

constexpr int kOrders = 40;
const Bank kBank{20};  // some of these orders do not reach it at first

std::string order_id(int i) {
  return fmt::format("cdnow-{}", i);
}

OrderCreated order_of(int i) {
  return {"customer", {{"CD", i, 10.0}}, tidings::Money{i * 1'000}};  // the bank refuses the first
}

template <class E>
void publish(Harness& harness, int i, const E& event) {
  auto published = harness.publish(event, {.aggregate_id = order_id(i)});
  ASSERT_TRUE(published) << published.error().message;
}

struct ServiceCase {
  std::string name;
  void (*declare)(tidings::Contract& service, const RunSettings& settings);
  std::string tables;
  void (*feed)(Harness& harness, int i);
  std::string rows;  // the query of all that it stores, a text a row
};

void PrintTo(const ServiceCase& one, std::ostream* stream) {
  *stream << one.name;
}

const ServiceCase kCases[] = {
    {"order", declare_order, kOrderTables,
     [](Harness& harness, int i) {
       i % 2 == 0 ? publish(harness, i, InventoryReserved{"reservation", i})
                  : publish(harness, i, PaymentFailed{"nothing to charge", {}});
     },
     "SELECT order_id || ' ' || state FROM orders ORDER BY 1"},
    {"payment",
     [](tidings::Contract& service, const RunSettings& settings) { declare_payment(service, settings, kBank); },
     kPaymentTables, [](Harness& harness, int i) { publish(harness, i, order_of(i)); },
     "SELECT order_id || ' ' || payment_id || ' ' || cents || ' ' || attempts FROM payments UNION ALL "
     "SELECT order_id || ' ' || reason || ' ' || attempts FROM refusals ORDER BY 1"},
    {"inventory", declare_inventory, kInventoryTables,
     [](Harness& harness, int i) {
       publish(harness, i, PaymentCompleted{"payment", {}, i});
     },
     "SELECT order_id || ' ' || quantity FROM reservations ORDER BY 1"},
    {"notification", declare_notification, kNotificationTables,
     [](Harness& harness, int i) {
       publish(harness, i, SendEmail{"someone@customers.example", "Your CDs"});
     },
     "SELECT order_id || ' ' || recipient FROM emails ORDER BY 1"},
    {"analytics", declare_analytics, kAnalyticsTables,
     [](Harness& harness, int i) {
       publish(harness, i, order_of(i));
       publish(harness, i, PaymentCompleted{"payment", tidings::Money{i}, i});
     },
     "SELECT type || ' ' || events || ' ' || cents FROM totals ORDER BY 1"},
    {"audit", declare_audit, kAuditTables, [](Harness& harness, int i) { publish(harness, i, order_of(i)); },
     "SELECT event_id || ' ' || type || ' ' || aggregate_id || ' ' || microseconds FROM log ORDER BY 1"},
};

class ShopHandlers : public ::testing::TestWithParam<ServiceCase> {
 protected:
  ShopHandlers() : path_{fs::path{::testing::TempDir()} / ("shop-handlers-" + GetParam().name)} {
    fs::remove_all(path_);
    fs::create_directories(path_);
  }
  ~ShopHandlers() override { fs::remove_all(path_); }

  Store open(const std::string& file) const {
    return open_store({.directory = path_.string()}, file, GetParam().tables).value();
  }

  static Harness harness_on(const Store& store) {
    return Harness{[](tidings::Contract& service) { GetParam().declare(service, {.concurrency = 4}); },
                   {.name = GetParam().name, .inbox = store.inbox}};
  }

  static void feed(Harness& harness, Store& store) {
    for (int i = 0; i < kOrders; ++i) {
      if (GetParam().name == "order") {
        ASSERT_TRUE(store.database.execute("INSERT INTO orders VALUES (?, 'customer', 1, 1, 'placed')", order_id(i)));
      }
      GetParam().feed(harness, i);
    }
  }

  static std::string stored_in(Store& store) {
    std::string text;
    auto read = store.database.query([&](const tidings::SqliteRow& row) { text += row.get<std::string>(0) + "\n"; },
                                     GetParam().rows);
    EXPECT_TRUE(read) << read.error().message;
    return text;
  }

 private:
  fs::path path_;
};

TEST_P(ShopHandlers, LeaveTheSameBehindWhenAnEventComesTwice) {
  Store once = open("once.db");
  Harness plain = harness_on(once);
  feed(plain, once);
  ASSERT_TRUE(plain.run_until_idle());

  Store twice = open("twice.db");
  Harness harness = harness_on(twice);
  feed(harness, twice);
  const auto report = harness.run_with_faults(1, [&] { return stored_in(twice); });

  EXPECT_TRUE(report.clean()) << report;
  EXPECT_GE(report.losses, static_cast<std::size_t>(kOrders)) << report;
  EXPECT_EQ(harness.settled().size(), 0u);  // each was accepted when it came again, as a duplicate
  EXPECT_EQ(stored_in(twice), stored_in(once));
  EXPECT_NE(stored_in(twice), "");
}

INSTANTIATE_TEST_SUITE_P(Services, ShopHandlers, ::testing::ValuesIn(kCases),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace shop
