// What handlers publish: when it leaves, and with which ids (A13, P7; ADR 0011).
#include <gmock/gmock.h>

#include <set>

#include "service/records/outputs.hpp"
#include "service/sample_service.hpp"
#include "tidings/testing/harness.hpp"

namespace tidings::service {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using tidings::testing::Harness;

PublishOptions of(std::string aggregate) {
  return {.aggregate_id = std::move(aggregate)};
}

TEST(OutputsFlow, InheritStoryCauseAndKey) {
  Harness harness{[](Contract& service) {
    service.publishes<Paid>();
    service.on<Placed>([](const Placed&, Context& context) { return context.publish(Paid{1}); });
  }};
  ASSERT_TRUE(harness.publish(Placed{"c", 1}, {.id = "e-1", .aggregate_id = "order-1", .correlation_id = "story"}));
  ASSERT_TRUE(harness.run_until_idle());
  const auto paid = harness.published<Paid>();
  ASSERT_THAT(paid, SizeIs(1));
  EXPECT_EQ(paid[0].envelope.correlation_id, "story");
  EXPECT_EQ(paid[0].envelope.causation_id, "e-1");
  EXPECT_EQ(paid[0].envelope.aggregate_id, "order-1");
  EXPECT_EQ(paid[0].key, "order-1");
  EXPECT_EQ(paid[0].envelope.time, harness.now());
}

// P4: its key, where that is not its aggregate id.
TEST(OutputsFlow, StayInTheOrderOfAKeyThatIsNotTheAggregateId) {
  Harness harness{[](Contract& service) {
    service.publishes<Paid>();
    service.on<Placed>([](const Placed&, Context& context) { return context.publish(Paid{1}); });
  }};
  ASSERT_TRUE(harness.publish(Placed{"c", 1}, {.key = "customer-7", .aggregate_id = "order-1"}));
  ASSERT_TRUE(harness.run_until_idle());
  const auto paid = harness.published<Paid>();
  ASSERT_THAT(paid, SizeIs(1));
  EXPECT_EQ(paid[0].key, "customer-7");
  EXPECT_EQ(paid[0].envelope.aggregate_id, "order-1");
}

TEST(OutputsFlow, TakeWhatTheHandlerSaysInstead) {
  Harness harness{[](Contract& service) {
    service.publishes<Paid>();
    service.on<Placed>([](const Placed&, Context& context) {
      return context.publish(Paid{1}, {.id = "mine", .key = "k", .aggregate_id = "a", .correlation_id = "c"});
    });
  }};
  ASSERT_TRUE(harness.publish(Placed{"c", 1}, of("order-1")));
  ASSERT_TRUE(harness.run_until_idle());
  const auto paid = harness.published<Paid>();
  ASSERT_THAT(paid, SizeIs(1));
  EXPECT_EQ(paid[0].envelope.id, "mine");
  EXPECT_EQ(paid[0].key, "k");
  EXPECT_EQ(paid[0].envelope.aggregate_id, "a");
  EXPECT_EQ(paid[0].envelope.correlation_id, "c");
}

// They leave only when the handler succeeded.
TEST(OutputsFlow, AreDroppedWhenTheHandlerFails) {
  Harness harness{[](Contract& service) {
    service.publishes<Paid>();
    service.on<Placed>(
        [](const Placed&, Context& context) -> Result<void> {
          if (auto done = context.publish(Paid{context.attempt()}); !done) return done;
          if (context.attempt() == 1) return unavailable("after all");
          return {};
        },
        {.retry = {.delay_first = 1s}});
  }};
  ASSERT_TRUE(harness.publish(Placed{"c", 1}, of("order-1")));
  ASSERT_TRUE(harness.run_until_idle());
  const auto paid = harness.published<Paid>();
  ASSERT_THAT(paid, SizeIs(1));
  EXPECT_EQ(paid[0].data.cents, 2);
}

// P9
TEST(OutputsFlow, OfOneHandlingAreBoundedInNumberAndBytes) {
  const std::string bulky(500'000, 'x');
  std::vector<Result<void>> first_refusals;
  Harness harness{[&](Contract& service) {
    service.publishes<Paid, SendEmail>();
    service.on<Placed>(
        [&](const Placed& placed, Context& context) -> Result<void> {
          Result<void> done;
          for (std::size_t i = 0; done && i <= kOutputsMax; ++i) {
            done = placed.count == 1 ? context.publish(Paid{1}, {.id = std::to_string(i)})
                                     : context.publish(SendEmail{bulky});
          }
          first_refusals.push_back(done);
          return done;
        },
        {.retry = {.attempts_max = 1}});
  }};
  ASSERT_TRUE(harness.publish(Placed{"many", 1}, of("order-1")));
  ASSERT_TRUE(harness.publish(Placed{"bulky", 2}, of("order-1")));
  ASSERT_TRUE(harness.run_until_idle());
  ASSERT_THAT(first_refusals, SizeIs(2));
  for (const auto& refusal : first_refusals) EXPECT_EQ(refusal.error().kind, ErrorKind::overloaded);
  EXPECT_THAT(first_refusals[0].error().message, HasSubstr("at most 10000 events"));
  EXPECT_THAT(first_refusals[1].error().message, HasSubstr("at most 67108864 bytes"));
  EXPECT_THAT(harness.published<Paid>(), SizeIs(0));
  EXPECT_THAT(harness.dead(), SizeIs(2));
}

// P7: a handler that runs again gives its events the same ids; each of them another.
TEST(OutputsFlow, HaveTheSameIdsInEveryRun) {
  const auto ids = [](std::uint64_t seed, const char* group) {
    Harness harness{[&](Contract& service) {
                      service.publishes<Paid, SendEmail>();
                      service.on<Placed>(
                          [](const Placed&, Context& context) -> Result<void> {
                            for (const char* key : {"a", "a", "b"}) {
                              if (auto done = context.publish(Paid{1}, {.key = key}); !done) return done;
                            }
                            return context.publish(SendEmail{"x"}, {.key = "a"});
                          },
                          {.group = group});
                    },
                    {.seed = seed}};
    EXPECT_TRUE(harness.publish(Placed{"c", 1}, {.id = "e-1", .aggregate_id = "order-1"}));
    EXPECT_TRUE(harness.run_until_idle());
    std::set<std::string> found;
    for (const auto& paid : harness.published<Paid>()) found.insert(paid.envelope.id);
    for (const auto& email : harness.published<SendEmail>()) found.insert(email.envelope.id);
    return found;
  };
  const auto first = ids(1, "g");
  EXPECT_THAT(first, SizeIs(4));
  EXPECT_EQ(ids(2, "g"), first);
  const auto other = ids(1, "other");  // another subscription's handler publishes other events
  for (const std::string& id : first) EXPECT_FALSE(other.contains(id));
}

TEST(OutputsFlow, OfAnUndeclaredTypeAreInvalidInTheHandler) {
  Harness harness{[](Contract& service) {
    service.publishes<SendEmail>();
    service.on<Placed>([](const Placed&, Context& context) { return context.publish(Paid{1}); });
  }};
  ASSERT_TRUE(harness.publish(Placed{"c", 1}, of("order-1")));
  ASSERT_TRUE(harness.run_until_idle());
  ASSERT_THAT(harness.dead(), SizeIs(1));
  EXPECT_EQ(harness.dead()[0].reason, Reason::rejected);
  EXPECT_THAT(harness.dead()[0].error->message, HasSubstr("add publishes<PaymentCompleted>()"));
}

TEST(OutputsFlow, ThatAreTooLargeOrNoTextAreInvalidInTheHandler) {
  Harness harness{[](Contract& service) {
    service.publishes<SendEmail>();
    service.on<Placed>([](const Placed& placed, Context& context) {
      return context.publish(SendEmail{placed.count == 1 ? std::string(2u << 20, 'x') : "\xff"});
    });
  }};
  for (const int count : {1, 2}) ASSERT_TRUE(harness.publish(Placed{"c", count}, of("order-1")));
  ASSERT_TRUE(harness.run_until_idle());
  ASSERT_THAT(harness.dead(), SizeIs(2));
  EXPECT_THAT(harness.dead()[0].error->message, HasSubstr("publish a reference to the data instead"));
  EXPECT_THAT(harness.dead()[1].error->message, HasSubstr("SendEmail cannot be published"));
}

TEST(OutputsFlow, ABusPublishesWhatItDeclaredWithAnIdAndAStory) {
  Harness harness{[](Contract& service) { service.publishes<Paid>(); }};
  ASSERT_TRUE(harness.bus().publish(Paid{7}, of("order-1")));
  EXPECT_EQ(harness.bus().publish(SendEmail{"x"}).error().kind, ErrorKind::invalid);
  std::optional<Result<void>> confirmed;
  harness.bus().publish_async(Paid{8}, {}, [&](Result<void> outcome) { confirmed = std::move(outcome); });
  ASSERT_TRUE(harness.bus().flush(harness.now() + 1s));
  EXPECT_TRUE(confirmed.value());
  const auto paid = harness.published<Paid>();
  ASSERT_THAT(paid, SizeIs(2));
  EXPECT_THAT(paid[0].envelope.id, SizeIs(36));
  EXPECT_THAT(paid[0].envelope.correlation_id, SizeIs(36));
  EXPECT_EQ(paid[0].key, "order-1");
  EXPECT_EQ(paid[1].key, std::nullopt);
}

}  // namespace
}  // namespace tidings::service
