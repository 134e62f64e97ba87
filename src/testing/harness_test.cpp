// A33. The first test is how users test a service of theirs: its handlers, and what comes of them.
#include "tidings/testing/harness.hpp"

#include <gmock/gmock.h>

#include <boost/describe.hpp>

namespace shop {

struct OrderCreated {
  std::string customer_id;
  int cents = 0;
};
BOOST_DESCRIBE_STRUCT(OrderCreated, (), (customer_id, cents))

struct PaymentCompleted {
  int cents = 0;
};
BOOST_DESCRIBE_STRUCT(PaymentCompleted, (), (cents))

}  // namespace shop

template <>
inline constexpr tidings::EventInfo tidings::event_info<shop::OrderCreated>{.type = "OrderCreated", .topic = "orders"};
template <>
inline constexpr tidings::EventInfo tidings::event_info<shop::PaymentCompleted>{.type = "PaymentCompleted",
                                                                                .topic = "payments"};

namespace shop {
namespace {

using namespace std::chrono_literals;
using tidings::testing::Harness;

// A bank that is out of order the first times it is asked.
class Bank {
 public:
  explicit Bank(int failures) : failures_{failures} {}
  tidings::Result<void> charge(int cents) {
    if (failures_-- > 0) return tidings::unavailable("the bank does not answer");
    charged += cents;
    return {};
  }
  int charged = 0;

 private:
  int failures_;
};

// What main() does with its Service.
void declare_payments(tidings::Contract& service, Bank& bank) {
  service.publishes<PaymentCompleted>();
  service.on<OrderCreated>(
      [&bank](const OrderCreated& order, tidings::Context& context) -> tidings::Result<void> {
        if (auto charged = bank.charge(order.cents); !charged) return charged.error();
        return context.publish(PaymentCompleted{order.cents});
      },
      {.retry = {.attempts_max = 3, .delay_first = 1s, .jitter = 0}});
}

TEST(HarnessExample, ChargesAnOrderThoughTheBankFailsTwice) {
  Bank bank{2};
  Harness harness{[&](tidings::Contract& service) { declare_payments(service, bank); }};
  const tidings::Time start = harness.now();

  ASSERT_TRUE(harness.publish(OrderCreated{"alice", 1'999}, {.aggregate_id = "order-1"}));
  const auto idle = harness.run_until_idle();
  ASSERT_TRUE(idle) << idle.error().message;

  EXPECT_EQ(bank.charged, 1'999);
  EXPECT_EQ(harness.now() - start, 3s);  // 1 s, then 2 s: the clock is virtual, nobody waited
  EXPECT_EQ(harness.retried().size(), 2u);
  EXPECT_TRUE(harness.dead().empty());
  const auto payments = harness.published<PaymentCompleted>();
  ASSERT_EQ(payments.size(), 1u);
  EXPECT_EQ(payments[0].data.cents, 1'999);
  EXPECT_EQ(payments[0].key, "order-1");
}

TEST(HarnessExample, GivesUpWhenTheBankStaysAway) {
  Bank bank{1'000};
  Harness harness{[&](tidings::Contract& service) { declare_payments(service, bank); }};
  ASSERT_TRUE(harness.publish(OrderCreated{"alice", 1'999}, {.aggregate_id = "order-1"}));
  ASSERT_TRUE(harness.run_until_idle());

  ASSERT_EQ(harness.dead().size(), 1u);
  EXPECT_EQ(harness.dead()[0].reason, tidings::Reason::failed);
  EXPECT_EQ(harness.dead()[0].error->message, "the bank does not answer");
  EXPECT_TRUE(harness.published<PaymentCompleted>().empty());
}

TEST(Harness, LetsTheClockGoNoFurtherThanItIsTold) {
  Bank bank{1};
  Harness harness{[&](tidings::Contract& service) { declare_payments(service, bank); }};
  ASSERT_TRUE(harness.publish(OrderCreated{"alice", 1'999}, {.aggregate_id = "order-1"}));
  harness.advance(500ms);
  EXPECT_EQ(harness.retried().size(), 1u);
  EXPECT_EQ(bank.charged, 0);
  harness.advance(600ms);
  EXPECT_EQ(bank.charged, 1'999);
}

// The ids of a run are those of its seed, whatever other harnesses of the process did meanwhile.
TEST(Harness, GivesTheSameIdsForTheSameSeed) {
  const auto ids_beside = [](int others) {
    Bank bank{0};
    const auto declare = [&](tidings::Contract& service) { declare_payments(service, bank); };
    Harness harness{declare, {.seed = 7}};
    Harness other{declare, {.seed = 8}};
    std::vector<std::string> ids;
    for (int i = 0; i < 3; ++i) {
      EXPECT_TRUE(harness.publish(OrderCreated{"alice", 1}));
      for (int j = 0; j < others; ++j) EXPECT_TRUE(other.publish(OrderCreated{"bob", 1}));
    }
    EXPECT_TRUE(harness.run_until_idle());
    for (const auto& settled : harness.settled()) ids.push_back(settled.event_id);
    return ids;
  };
  const auto alone = ids_beside(0);
  EXPECT_EQ(alone.size(), 3u);
  EXPECT_EQ(ids_beside(5), alone);
}

TEST(Harness, SaysWhatIsLeft) {
  Bank bank{1};
  Harness harness{[&](tidings::Contract& service) { declare_payments(service, bank); }};
  ASSERT_TRUE(harness.publish(OrderCreated{"alice", 1'999}, {.aggregate_id = "order-1"}));
  const auto idle = harness.run_until_idle(500ms);
  ASSERT_FALSE(idle);
  EXPECT_THAT(idle.error().message, ::testing::HasSubstr("1 of 'orders' for group 'service' (1 wait for a retry)"));
}

TEST(Harness, ThrowsWhenTheServiceWouldNotStart) {
  const auto nothing = [](const OrderCreated&) {};
  EXPECT_THROW(Harness([&](tidings::Contract& service) { service.on<OrderCreated>(nothing, {.timeout = 0s}); }),
               std::invalid_argument);
}

}  // namespace
}  // namespace shop
