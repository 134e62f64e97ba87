// What becomes of events in plain subscriptions, on memory and a virtual clock.
#include <gmock/gmock.h>

#include <map>

#include "service/sample_service.hpp"
#include "tidings/testing/harness.hpp"

namespace tidings::service {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using tidings::testing::Decided;
using tidings::testing::Harness;

const RetryPolicy kQuick{.attempts_max = 3, .delay_first = 1s, .factor = 2.0, .jitter = 0};

// Handles nothing wrong.
const auto kIgnore = [](const auto&) {};

PublishOptions of(std::string aggregate) {
  return {.aggregate_id = std::move(aggregate)};
}

transport::Record raw_record(std::string id, std::string type, std::string body) {
  return {.topic = "orders",
          .key = "k",
          .id = std::move(id),
          .type = std::move(type),
          .content_type = "application/json",
          .body = std::move(body)};
}

// P4: one key, one at a time, in order, though others run beside it and some come again.
TEST(BusFlow, HandlesTheEventsOfAKeyInOrderAtAnyConcurrency) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::map<std::string, std::vector<int>> handled;
    std::map<std::string, int> inside;
    int most = 0;
    Executor* executor = nullptr;
    Harness harness{[&](Contract& service) {
                      service.on<Placed>(
                          [&](const Placed& placed, Context& context) -> Result<void> {
                            EXPECT_EQ(inside[placed.customer]++, 0);
                            most = std::max(most, static_cast<int>(std::ranges::count_if(
                                                      inside, [](const auto& entry) { return entry.second > 0; })));
                            executor->sleep_until(context.now() + Duration{executor->random() % 20'000});
                            --inside[placed.customer];
                            if (executor->random() % 4 == 0 && context.attempt() < 3) return unavailable("not now");
                            handled[placed.customer].push_back(placed.count);
                            return {};
                          },
                          {.retry = {.delay_first = 5ms}, .concurrency = 8});
                    },
                    {.seed = seed}};
    executor = &harness.executor();
    for (int i = 0; i < 200; ++i) {
      const std::string customer = "c" + std::to_string(i % 13);
      ASSERT_TRUE(harness.publish(Placed{customer, i}, of(customer)));
    }
    ASSERT_TRUE(harness.run_until_idle());
    ASSERT_THAT(handled, SizeIs(13));
    for (const auto& [customer, counts] : handled) EXPECT_TRUE(std::ranges::is_sorted(counts)) << customer;
    EXPECT_THAT(harness.settled(), SizeIs(200));
    EXPECT_EQ(most, 8);
  }
}

// P4, relaxed: later events of the key pass a waiting retry.
TEST(BusFlow, LetsLaterEventsPassARelaxedRetry) {
  std::vector<int> handled;
  Harness harness{[&](Contract& service) {
    service.on<Placed>(
        [&](const Placed& placed, Context& context) -> Result<void> {
          if (placed.count == 1 && context.attempt() == 1) return unavailable("not now");
          handled.push_back(placed.count);
          return {};
        },
        {.retry = kQuick, .order = RetryOrder::relaxed});
  }};
  for (const int count : {1, 2}) ASSERT_TRUE(harness.publish(Placed{"c", count}, of("c")));
  ASSERT_TRUE(harness.run_until_idle());
  EXPECT_THAT(handled, ElementsAre(2, 1));
}

// A22: exponential, capped; the attempt is counted, then it is a dead letter, once.
TEST(BusFlow, RetriesAtTheExactTimesAndThenBuriesOnce) {
  std::vector<Duration> runs;
  Time start{};
  Harness harness{[&](Contract& service) {
    service.on<Placed>(
        [&](const Placed&, Context& context) -> Result<void> {
          EXPECT_EQ(context.attempt(), static_cast<int>(runs.size()) + 1);
          runs.push_back(context.now() - start);
          return unavailable("never");
        },
        {.retry = {.attempts_max = 5, .delay_first = 1s, .factor = 3.0, .delay_max = 10s, .jitter = 0}});
  }};
  start = harness.now();
  ASSERT_TRUE(harness.publish(Placed{"c", 1}, of("c")));
  ASSERT_TRUE(harness.run_until_idle());
  EXPECT_THAT(runs, ElementsAre(0s, 1s, 4s, 13s, 23s));
  EXPECT_THAT(harness.retried(), SizeIs(4));
  ASSERT_THAT(harness.dead(), SizeIs(1));
  EXPECT_EQ(harness.dead()[0].reason, Reason::failed);
  EXPECT_EQ(harness.dead()[0].attempt, 5);
  const auto letters = harness.bus().transport().operations().dead_letters->browse({}, "", 10);
  ASSERT_TRUE(letters);
  ASSERT_THAT(*letters, SizeIs(1));
  EXPECT_EQ(letters->front().attempts, 5);
  EXPECT_EQ(letters->front().error, "never");
  EXPECT_EQ(letters->front().first_failed, start);
}

TEST(BusFlow, BuriesAtOnceWhatARepetitionCannotMend) {
  Harness harness{[](Contract& service) {
    service.on<Placed>([](const Placed&) -> Result<void> { return invalid("no such customer"); });
  }};
  ASSERT_TRUE(harness.publish(Placed{"c", 1}, of("c")));
  ASSERT_TRUE(harness.run_until_idle());
  ASSERT_THAT(harness.dead(), SizeIs(1));
  EXPECT_EQ(harness.dead()[0].reason, Reason::rejected);
  EXPECT_EQ(harness.dead()[0].attempt, 1);
}

// A27: handlers may throw.
TEST(BusFlow, TakesAnExceptionForAFailureThatMayPass) {
  Harness harness{[](Contract& service) {
    service.on<Placed>(
        [](const Placed& placed) {
          if (placed.count == 1) throw std::runtime_error{"out of paper"};
          throw 17;
        },
        {.retry = {.attempts_max = 1}});
  }};
  for (const int count : {1, 2}) ASSERT_TRUE(harness.publish(Placed{"c", count}, of("c")));
  ASSERT_TRUE(harness.run_until_idle());
  ASSERT_THAT(harness.dead(), SizeIs(2));
  EXPECT_EQ(harness.dead()[0].error, unavailable("the handler threw: out of paper"));
  EXPECT_THAT(harness.dead()[1].error->message, HasSubstr("no std::exception"));
}

// P6, A23: undecodable events are dead letters, byte-identical, never retried; what follows of the key is handled.
TEST(BusFlow, BuriesWhatItCannotDecodeWithItsBytes) {
  int handled = 0;
  Harness harness{[&](Contract& service) { service.on<Placed>([&](const Placed&) { ++handled; }); }};
  const std::string body = R"({"eventId":"1", "data":{"count":"many"} })";
  const transport::Record record = raw_record("1", "OrderPlaced", body);
  ASSERT_TRUE(harness.publish(record));
  ASSERT_TRUE(harness.publish(Placed{"c", 1}, of("k")));
  ASSERT_TRUE(harness.run_until_idle());
  EXPECT_EQ(handled, 1);
  ASSERT_THAT(harness.dead(), SizeIs(1));
  EXPECT_EQ(harness.dead()[0].reason, Reason::undecodable);
  EXPECT_THAT(harness.dead()[0].error->message, HasSubstr("data.count: expected integer"));
  EXPECT_EQ(harness.dead()[0].attempt, 0);
  const auto letters = harness.bus().transport().operations().dead_letters->browse({}, "", 10);
  EXPECT_EQ(letters->front().record, record);
}

TEST(BusFlow, BuriesWhatIsNoJsonNoBodyOrOfAnUnknownContentType) {
  Harness harness{[](Contract& service) { service.on<Placed>(kIgnore); }};
  ASSERT_TRUE(harness.publish(raw_record("1", "OrderPlaced", "{\"data\":")));
  ASSERT_TRUE(harness.publish(raw_record("2", "SomethingElse", "{\"data\":")));
  transport::Record record = raw_record("3", "OrderPlaced", "");
  record.body.reset();
  ASSERT_TRUE(harness.publish(record));
  record = raw_record("4", "OrderPlaced", R"({"data":{}})");
  record.content_type = "avro/binary";
  ASSERT_TRUE(harness.publish(record));
  ASSERT_TRUE(harness.run_until_idle());
  ASSERT_THAT(harness.dead(), SizeIs(4));
  for (const Decided& dead : harness.dead()) EXPECT_EQ(dead.reason, Reason::undecodable) << dead.event_id;
  EXPECT_THAT(harness.dead()[3].error->message, HasSubstr("'avro/binary'"));
}

// P6: unhandled types are skipped and counted, or buried by policy.
TEST(BusFlow, SkipsOrBuriesTypesWithoutAHandler) {
  for (const Unwanted unhandled : {Unwanted::skip, Unwanted::dead_letter}) {
    Harness harness{[&](Contract& service) { service.on<Placed>(kIgnore, {.unhandled = unhandled}); }};
    ASSERT_TRUE(harness.publish(raw_record("1", "OrderShipped", R"({"data":{}})")));
    ASSERT_TRUE(harness.run_until_idle());
    const auto seen = unhandled == Unwanted::skip ? harness.skipped() : harness.dead();
    ASSERT_THAT(seen, SizeIs(1));
    EXPECT_EQ(seen[0].reason, Reason::unhandled);
    EXPECT_EQ(seen[0].type, "OrderShipped");
  }
}

// The body says what an event is; the record's fields may be missing, or foreign.
TEST(BusFlow, TakesTheTypeAndVersionOfTheBody) {
  std::vector<std::string> handled;
  Harness harness{[&](Contract& service) {
    service.on<Placed>([&](const Placed& placed) { handled.push_back("v1 " + placed.customer); });
    service.on<PlacedV3>([&](const PlacedV3& placed) { handled.push_back("v3 " + placed.customer); });
    service.on<Paid>([&](const Paid&) { handled.push_back("paid"); }, {.topic = "orders"});
  }};
  ASSERT_TRUE(harness.publish(raw_record("1", "", R"({"eventType":"order.placed","data":{"customer":"a"}})")));
  ASSERT_TRUE(harness.publish(raw_record("2", "OrderPlaced", R"({"version":"3","data":{"customer":"b"}})")));
  ASSERT_TRUE(harness.publish(raw_record("3", "PaymentCompleted", R"({"event_type":"ORDER_PLACED","data":{}})")));
  ASSERT_TRUE(harness.run_until_idle());
  EXPECT_THAT(handled, ElementsAre("v1 a", "v3 b", "v1 "));
}

// Vocabulary, "pattern": what does not match is settled as filtered.
TEST(BusFlow, FiltersByPattern) {
  std::vector<std::string> seen;
  Harness harness{[&](Contract& service) {
    service.on_any([&](const AnyEvent& event) { seen.push_back(event.envelope.type + std::string{event.data}); },
                   {.pattern = "order.*", .topics = {"orders"}});
  }};
  ASSERT_TRUE(harness.publish(Placed{"c", 1}, of("k")));
  ASSERT_TRUE(harness.publish(raw_record("2", "PaymentCompleted", R"({"data":{}})")));
  ASSERT_TRUE(harness.publish(raw_record("3", "", R"({"eventType":"order.shipped","data":[1 ]})")));
  ASSERT_TRUE(harness.run_until_idle());
  EXPECT_THAT(seen, ElementsAre(R"(OrderPlaced{"customer":"c","count":1})", "order.shipped[1 ]"));
  ASSERT_THAT(harness.skipped(), SizeIs(1));
  EXPECT_EQ(harness.skipped()[0].reason, Reason::filtered);
}

// A null body says that a key is gone; only who takes any record can know what that means.
TEST(BusFlow, HandsTombstonesToHandlersOfAnyEventAndBuriesThemElsewhere) {
  std::vector<std::string> seen;
  Harness harness{[&](Contract& service) {
    service.on<Placed>(kIgnore);
    service.on_any(
        [&](const AnyEvent& event, Context& context) {
          EXPECT_FALSE(event.record.body);
          EXPECT_FALSE(event.envelope.id.empty()) << "where it stands";
          seen.push_back(std::string{*context.key()} + event.envelope.type + std::string{event.data});
        },
        {.group = "any", .topic = "orders"});
    service.on_any([](const AnyEvent&) { ADD_FAILURE() << "it is of no type"; },
                   {.group = "pattern", .pattern = "order.*", .topics = {"orders"}});
  }};
  ASSERT_TRUE(harness.publish(transport::Record{.topic = "orders", .key = "k"}));
  ASSERT_TRUE(harness.publish(transport::Record{.topic = "orders", .key = "", .type = "Strange"}));
  ASSERT_TRUE(harness.run_until_idle());
  EXPECT_THAT(seen, UnorderedElementsAre("k", "Strange"));
  ASSERT_THAT(harness.dead(), SizeIs(2));
  for (const Decided& dead : harness.dead()) EXPECT_EQ(dead.reason, Reason::undecodable);
  ASSERT_THAT(harness.skipped(), SizeIs(2));
  for (const Decided& skipped : harness.skipped()) EXPECT_EQ(skipped.reason, Reason::filtered);
}

TEST(BusFlow, NamesAnEventWithoutAnIdByItsPosition) {
  std::vector<std::string> ids;
  const auto declare = [&](Contract& service, Unwanted require_id) {
    service.on<Placed>([&](const Placed&, Context& context) { ids.push_back(context.event_id()); },
                       {.require_id = require_id});
  };
  for (const Unwanted require_id : {Unwanted::skip, Unwanted::dead_letter}) {
    Harness harness{[&](Contract& service) { declare(service, require_id); }};
    ASSERT_TRUE(harness.publish(raw_record("", "OrderPlaced", R"({"data":{}})")));
    ASSERT_TRUE(harness.run_until_idle());
    if (require_id == Unwanted::skip) continue;
    ASSERT_THAT(harness.dead(), SizeIs(1));
    EXPECT_EQ(harness.dead()[0].reason, Reason::no_id);
  }
  ASSERT_THAT(ids, SizeIs(1));
  EXPECT_THAT(ids[0], SizeIs(36));
}

// A25: told at once; its result counts, or it is a failed attempt whose publishes are dropped.
TEST(BusFlow, ReportsATimeoutAtOnceAndCountsTheResultByPolicy) {
  for (const OnTimeout on_timeout : {OnTimeout::report, OnTimeout::fail}) {
    bool stop_seen = false;
    Executor* executor = nullptr;
    Harness harness{[&](Contract& service) {
      service.publishes<Paid>();
      service.on<Placed>(
          [&](const Placed& placed, Context& context) -> Result<void> {
            if (placed.count == 1) {
              executor->sleep_until(context.now() + 3s);
              stop_seen = context.stop().stop_requested();
            }
            EXPECT_EQ(context.stop().stop_requested(), placed.count == 1);
            return context.publish(Paid{placed.count});
          },
          {.retry = {.attempts_max = 1}, .timeout = 2s, .on_timeout = on_timeout});
    }};
    executor = &harness.executor();
    const Time start = harness.now();
    for (const int count : {1, 2}) ASSERT_TRUE(harness.publish(Placed{"c", count}, of("c")));
    harness.advance(2s);
    ASSERT_THAT(harness.decisions(), SizeIs(1));  // nothing of its key has started
    EXPECT_EQ(harness.decisions()[0].step, Step::timed_out);
    EXPECT_EQ(harness.decisions()[0].at, start + 2s);
    ASSERT_TRUE(harness.run_until_idle());
    EXPECT_TRUE(stop_seen);
    EXPECT_THAT(harness.decisions(Step::timed_out), SizeIs(1));
    const bool fails = on_timeout == OnTimeout::fail;
    EXPECT_THAT(harness.published<Paid>(), SizeIs(fails ? 1 : 2));
    ASSERT_THAT(harness.dead(), SizeIs(fails ? 1 : 0));
    if (fails) {
      EXPECT_EQ(harness.dead()[0].reason, Reason::timed_out);
    }
  }
}

// A26: a command goes to its one subscription, and no pattern sees it.
TEST(BusFlow, HandsCommandsToTheirReceiverOnly) {
  int commands = 0;
  int any = 0;
  Harness harness{[&](Contract& service) {
    service.on<SendEmail>([&](const SendEmail&) { ++commands; });
    service.on_any([&](const AnyEvent&) { ++any; }, {.group = "audit", .pattern = "#"});
  }};
  ASSERT_TRUE(harness.publish(SendEmail{"a@b"}));
  ASSERT_TRUE(harness.publish(Placed{"c", 1}));
  harness.advance(15s);  // until the pattern has found the topic
  ASSERT_TRUE(harness.run_until_idle());
  EXPECT_EQ(commands, 1);
  EXPECT_EQ(any, 1);
}

TEST(BusFlow, TellsWhatWasDecidedAndOfWhat) {
  Harness harness{[](Contract& service) { service.on<Placed>(kIgnore); }, {.name = "payments"}};
  ASSERT_TRUE(harness.publish(Placed{"c", 1}, {.id = "e-1", .aggregate_id = "order-1", .correlation_id = "story"}));
  ASSERT_TRUE(harness.run_until_idle());
  ASSERT_THAT(harness.decisions(), SizeIs(1));
  const Decided decided = harness.decisions()[0];
  EXPECT_EQ(decided.step, Step::accepted);
  EXPECT_EQ(decided.group, "payments");
  EXPECT_EQ(decided.subscription, "orders");
  EXPECT_EQ(decided.event_id, "e-1");
  EXPECT_EQ(decided.type, "OrderPlaced");
  EXPECT_EQ(decided.key, "order-1");
  EXPECT_EQ(decided.correlation_id, "story");
  EXPECT_EQ(decided.attempt, 1);
}

}  // namespace
}  // namespace tidings::service
