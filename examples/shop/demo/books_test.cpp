#include "books.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "groups.hpp"
#include "view.hpp"

namespace shop {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::Property;

constexpr std::uint64_t kSeed = 11;

// A run as it should end: 300 orders, three of them free.
class BooksTest : public ::testing::Test {
 protected:
  BooksTest() {
    for (int i = 0; i < 300; ++i)
      purchases_.push_back({.order_id = fmt::format("cdnow-{}", i + 2),
                            .customer_id = fmt::format("{}", i),
                            .quantity = 1 + i % 5,
                            .amount = tidings::Money{i % 100 == 7 ? 0 : 1'000 + i}});
    for (const auto& purchase : purchases_) play(purchase);
    for (const auto& event : malformed_) {
      stores_.published[event.record.topic].push_back({event.record.id, event.record.type});
      for (const auto& service : kServices)
        if (service.reads(event.record.topic)) bury(event.record.id, service.group, event.record.topic);
    }
  }

  void play(const Purchase& purchase) {
    const bool is_free = purchase.amount.cents == 0;
    const int attempts = 1 + bank_.failures(purchase.order_id);
    publish("orders", "OrderCreated", purchase);
    stores_.orders.push_back(
        {purchase.order_id, purchase.quantity, purchase.amount, is_free ? "cancelled" : "confirmed"});
    if (is_free) {
      stores_.refusals.push_back({purchase.order_id, purchase.amount, attempts});
      publish("payments", "PaymentFailed", purchase);
      return;
    }
    stores_.payments.push_back({purchase.order_id, purchase.amount, attempts});
    publish("payments", "PaymentCompleted", purchase);
    stores_.reservations.push_back({purchase.order_id, purchase.quantity});
    publish("inventory", "InventoryReserved", purchase);
    publish("emails", "SendEmail", purchase);
    stores_.emails.push_back(purchase.order_id);
    publish("notifications", "NotificationSent", purchase);
    stores_.revenue += purchase.amount;
  }

  void publish(const std::string& topic, const std::string& type, const Purchase& purchase) {
    const std::string id = type + " of " + purchase.order_id;
    stores_.published[topic].push_back({id, type});
    for (const auto& service : kServices)
      if (service.reads(topic) && service.handles(type)) stores_.accepted[std::string{service.group}].push_back(id);
    if (topic == kDestination) return;
    stores_.audited.push_back(id);
    ++stores_.counted[type];
  }

  void bury(const std::string& id, std::string_view group, const std::string& topic) {
    stores_.dead.push_back({.dead_id = fmt::format("dead-{}", stores_.dead.size()),
                            .event_id = id,
                            .group = std::string{group},
                            .topic = topic,
                            .reason = "undecodable"});
  }

  Books books() const { return make_books(purchases_, bank_, malformed_, stores_); }
  BookEntry entry(const std::string& what) const {
    const auto made = books();
    const auto found = std::ranges::find(made.entries, what, &BookEntry::what);
    return found == made.entries.end() ? BookEntry{"no such entry", what, ""} : *found;
  }
  GroupAccount group(const std::string& name) const {
    const auto made = books();
    const auto found = std::ranges::find(made.groups, name, &GroupAccount::group);
    return found == made.groups.end() ? GroupAccount{.faults = -1} : *found;
  }

  Bank bank_{kSeed};
  std::vector<Malformed> malformed_ = malformed_events(kSeed, {});
  std::vector<Purchase> purchases_;
  Stores stores_;
};

// A6
TEST_F(BooksTest, BalanceWhenAllWentAsItShould) {
  const auto lines = render(books());
  EXPECT_TRUE(books().balance()) << ::testing::PrintToString(lines);
  EXPECT_THAT(lines, Contains("The books balance."));
  EXPECT_THAT(lines, Each(Property(&std::string::size, Le(kViewWidth))));
}

TEST_F(BooksTest, CountWhatAGroupSkips) {
  const auto order = group("order-service");
  EXPECT_EQ(order.skipped, 297);       // PaymentCompleted
  EXPECT_EQ(order.accepted, 3 + 297);  // PaymentFailed and InventoryReserved
  EXPECT_EQ(group("inventory-service").skipped, 3);
  EXPECT_EQ(group("audit-service").skipped, 0);
}

TEST_F(BooksTest, ListRepeatsApart) {
  stores_.published["orders"].push_back(stores_.published["orders"].front());
  EXPECT_TRUE(books().balance());
  EXPECT_EQ(group("payment-service").repeats, 1);
  EXPECT_EQ(group("audit-service").repeats, 1);
  EXPECT_EQ(group("inventory-service").repeats, 0);
}

TEST_F(BooksTest, NoticeAnOrderThatWasChargedTwice) {
  stores_.payments.push_back(stores_.payments.front());
  EXPECT_FALSE(books().balance());
  EXPECT_FALSE(entry("paid orders charged once").balances());
  EXPECT_FALSE(entry("charged").balances());
}

TEST_F(BooksTest, NoticeAWrongAmountThatSumsUpAllTheSame) {
  stores_.payments[0].amount += tidings::Money{1};
  stores_.payments[1].amount -= tidings::Money{1};
  EXPECT_TRUE(entry("charged").balances());
  EXPECT_EQ(entry("paid orders charged once").found, "295 and 2 wrong");
}

TEST_F(BooksTest, NoticeALostReservation) {
  stores_.reservations.pop_back();
  EXPECT_FALSE(entry("paid orders reserved once").balances());
}

TEST_F(BooksTest, NoticeAnOrderThatNobodyPlaced) {
  stores_.orders.push_back({"cdnow-9999", 1, tidings::Money{1}, "placed"});
  EXPECT_EQ(entry("orders placed, each once").found, "300 and 1 wrong");
}

TEST_F(BooksTest, NoticeAnEventThatAuditSawTwiceOrNever) {
  stores_.audited[0] = stores_.audited[1];
  EXPECT_EQ(entry("valid events that audit saw once").balances(), false);
}

TEST_F(BooksTest, NoticeAnAttemptThatTheBankDidNotAskFor) {
  ++stores_.payments.front().attempts;
  EXPECT_FALSE(entry("calls repeated as the bank was away").balances());
}

TEST_F(BooksTest, NoticeAnInnocentDeadLetter) {
  auto& marks = stores_.accepted["payment-service"];
  bury(marks.back(), "payment-service", "orders");
  marks.pop_back();
  EXPECT_EQ(entry("innocent events among them").found, "1");
  EXPECT_TRUE(group("payment-service").balances());
  EXPECT_FALSE(books().balance());
}

TEST_F(BooksTest, NoticeADeadLetterThatIsMissingOrDoubled) {
  auto& dead = stores_.dead;
  dead.back() = dead.front();
  EXPECT_FALSE(entry("dead once in each group that reads them").balances());
}

TEST_F(BooksTest, NoticeAnEventWithoutOutcome) {
  stores_.accepted["notification-service"].pop_back();
  EXPECT_EQ(group("notification-service").faults, 1);
  EXPECT_FALSE(books().balance());
}

TEST_F(BooksTest, NoticeAnEventWithTwoOutcomes) {
  bury(stores_.accepted["payment-service"].front(), "payment-service", "orders");
  EXPECT_EQ(group("payment-service").faults, 1);
}

TEST_F(BooksTest, NoticeAMarkOfAnEventThatWasNeverPublished) {
  stores_.accepted["inventory-service"].push_back("from nowhere");
  EXPECT_EQ(group("inventory-service").faults, 1);
}

TEST_F(BooksTest, NoticeWhatStillWaits) {
  stores_.unsent = 1;
  EXPECT_FALSE(books().balance());
  stores_.unsent = 0;
  stores_.unsettled = 1;
  EXPECT_FALSE(books().balance());
}

// A5
TEST_F(BooksTest, ListDeadLettersWithTheCommandThatShowsOne) {
  stores_.dead.push_back({.dead_id = "dead-x", .event_id = "stranger", .group = "audit-service", .topic = "orders"});
  const auto lines = render_dead(stores_.dead, malformed_, "tidings dead show");
  for (const auto& event : malformed_) EXPECT_THAT(lines, Contains(HasSubstr(event.fault)));
  EXPECT_THAT(lines, Contains(HasSubstr("stranger")));
  EXPECT_EQ(lines.back(), "Show one: tidings dead show dead-0");
}

}  // namespace
}  // namespace shop
