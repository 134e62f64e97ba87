// Handlers of batches (A28), on memory and a virtual clock.
#include <gmock/gmock.h>

#include "service/handle/log_scope_wrap.hpp"
#include "service/sample_service.hpp"
#include "tidings/log.hpp"
#include "tidings/testing/harness.hpp"

namespace tidings::service {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using tidings::testing::Harness;

using Batch = std::span<const Received<Placed>>;
using Results = std::vector<Result<void>>;

const RetryPolicy kQuick{.attempts_max = 3, .delay_first = 1s, .factor = 2.0, .jitter = 0};

PublishOptions of(std::string aggregate) {
  return {.aggregate_id = std::move(aggregate)};
}

void publish(Harness& harness, int count, const std::string& key) {
  ASSERT_TRUE(harness.publish(Placed{key, count}, of(key)));
}

TEST(BatchFlow, GathersUpToItsSizeOrItsWait) {
  std::vector<std::size_t> sizes;
  std::vector<Time> times;
  Harness harness{[&](Contract& service) {
    service.on_batch<Placed>(
        [&](Batch batch) {
          sizes.push_back(batch.size());
          return Results(batch.size());
        },
        {.size = 10, .wait = 50ms});
  }};
  const Time start = harness.now();
  for (int i = 0; i < 25; ++i) publish(harness, i, "k" + std::to_string(i));
  ASSERT_TRUE(harness.run_until_idle());
  EXPECT_THAT(sizes, ElementsAre(10, 10, 5));
  EXPECT_EQ(harness.now() - start, 50ms);
  EXPECT_THAT(harness.settled(), SizeIs(25));
}

TEST(BatchFlow, SettlesEachEventByItsOwnResult) {
  int runs = 0;
  Harness harness{[&](Contract& service) {
    service.on_batch<Placed>(
        [&](Batch batch) {
          Results results;
          for (const auto& [envelope, placed] : batch) {
            results.push_back(placed.count == 2   ? Result<void>{invalid("two")}
                              : placed.count == 3 ? Result<void>{unavailable("three")}
                                                  : Result<void>{});
          }
          ++runs;
          return results;
        },
        {.size = 4}, {.retry = {.attempts_max = 2, .delay_first = 1s}});
  }};
  for (const int count : {1, 2, 3, 4}) publish(harness, count, "k" + std::to_string(count));
  ASSERT_TRUE(harness.run_until_idle());
  EXPECT_EQ(runs, 2);
  EXPECT_THAT(harness.settled(), SizeIs(2));
  ASSERT_THAT(harness.dead(), SizeIs(2));
  EXPECT_EQ(harness.dead()[0].error->message, "two");
  EXPECT_EQ(harness.dead()[1].error->message, "three");
  EXPECT_EQ(harness.dead()[1].attempt, 2);
}

// When it throws, the culprit alone is charged.
TEST(BatchFlow, IsBisectedWhenItThrows) {
  std::vector<std::size_t> sizes;
  Harness harness{[&](Contract& service) {
    service.on_batch<Placed>(
        [&](Batch batch) {
          sizes.push_back(batch.size());
          for (const auto& [envelope, placed] : batch) {
            if (placed.count == 5) throw std::runtime_error{"five"};
          }
          return Results(batch.size());
        },
        {.size = 8}, {.retry = {.attempts_max = 1}});
  }};
  for (int i = 0; i < 8; ++i) publish(harness, i, "k");
  ASSERT_TRUE(harness.run_until_idle());
  EXPECT_THAT(sizes, ElementsAre(8, 4, 4, 2, 1, 1, 2));
  EXPECT_THAT(harness.settled(), SizeIs(7));
  ASSERT_THAT(harness.dead(), SizeIs(1));
  EXPECT_EQ(harness.dead()[0].error->message, "the handler threw: five");
}

TEST(BatchFlow, AWrongNumberOfResultsIsTheHandlersFault) {
  Harness harness{[](Contract& service) { service.on_batch<Placed>([](Batch) { return Results(3); }); }};
  publish(harness, 1, "k");
  ASSERT_TRUE(harness.run_until_idle());
  ASSERT_THAT(harness.dead(), SizeIs(1));
  EXPECT_THAT(harness.dead()[0].error->message, HasSubstr("gave 3 results for 1 events"));
}

// P4: behind one that failed, the rest of its key comes again, in order.
TEST(BatchFlow, AFailureHoldsItsKeyWithinTheBatch) {
  std::vector<std::vector<int>> batches;
  Executor* executor = nullptr;
  Harness harness{[&](Contract& service) {
    service.on_batch<Placed>(
        [&](Batch batch) {
          Results results;
          batches.emplace_back();
          for (const auto& [envelope, placed] : batch) {
            batches.back().push_back(placed.count);
            const bool fails = placed.count == 1 && batches.size() == 2;
            results.push_back(fails ? Result<void>{unavailable("not now")} : Result<void>{});
          }
          if (batches.size() == 1) executor->sleep_until(executor->now() + 5ms);  // the others gather meanwhile
          return results;
        },
        {.size = 10}, {.retry = kQuick});
  }};
  executor = &harness.executor();
  publish(harness, 0, "first");
  harness.advance(12ms);
  for (const int count : {1, 2, 3}) publish(harness, count, "a");
  publish(harness, 4, "b");
  ASSERT_TRUE(harness.run_until_idle());
  ASSERT_THAT(batches, SizeIs(3));
  EXPECT_THAT(batches[1], ::testing::UnorderedElementsAre(1, 2, 3, 4));
  EXPECT_THAT(batches[2], ElementsAre(1, 2, 3));
  EXPECT_THAT(harness.retried(), SizeIs(1));
}

TEST(BatchFlow, HandlersOfOneAndOfManyKeepTheOrderOfAKey) {
  std::vector<std::string> seen;
  Harness harness{[&](Contract& service) {
    service.on_batch<Placed>(
        [&](Batch batch) {
          for (const auto& [envelope, placed] : batch) seen.push_back("placed" + std::to_string(placed.count));
          return Results(batch.size());
        },
        {.size = 10});
    service.on<Paid>([&](const Paid& paid) { seen.push_back("paid" + std::to_string(paid.cents)); },
                     {.topic = "orders"});
  }};
  const auto pay = [&](int cents) {
    ASSERT_TRUE(harness.publish(transport::Record{.topic = "orders",
                                                  .key = "a",
                                                  .id = "p" + std::to_string(cents),
                                                  .type = "PaymentCompleted",
                                                  .body = R"({"data":{"cents":)" + std::to_string(cents) + "}}"}));
  };
  publish(harness, 1, "a");
  pay(2);
  publish(harness, 3, "a");
  publish(harness, 4, "a");
  pay(5);
  ASSERT_TRUE(harness.run_until_idle());
  EXPECT_THAT(seen, ElementsAre("placed1", "paid2", "placed3", "placed4", "paid5"));
}

// A wrap goes around a batch as it does around one event: once, and a failure of its own is the batch's.
TEST(BatchFlow, IsWrappedAsAWhole) {
  std::vector<std::string> calls;
  Harness harness{[&](Contract& service) {
    service.publishes<Paid>();
    service.on_batch<Placed>(
        [&](Batch batch) {
          calls.push_back("handler " + std::to_string(batch.size()));
          return Results(batch.size());
        },
        {.size = 4}, {.retry = {.attempts_max = 1}});
    service.wrap([&](HandlerFunction next) -> HandlerFunction {
      return [&calls, next](const void* data, Context& context) -> Result<void> {
        calls.push_back("wrap " + context.event_id() + " of " + std::to_string(context.batch_size()));
        EXPECT_EQ(context.publish(Paid{1}).error().kind, ErrorKind::unsupported);
        if (context.event_id() == "e3" && context.batch_size() == 1) return invalid("not this one");
        if (context.batch_size() == 4) throw std::runtime_error{"too many"};
        return next(data, context);
      };
    });
  }};
  for (const int count : {1, 2, 3, 4}) {
    const std::string name = std::to_string(count);
    ASSERT_TRUE(harness.publish(Placed{name, count}, {.id = "e" + name, .aggregate_id = "k"}));
  }
  ASSERT_TRUE(harness.run_until_idle());
  EXPECT_THAT(calls, ElementsAre("wrap e1 of 4", "wrap e1 of 2", "handler 2", "wrap e3 of 2", "handler 2"));
  EXPECT_THAT(harness.settled(), SizeIs(4));
  calls.clear();
  ASSERT_TRUE(harness.publish(Placed{"3", 3}, {.id = "e3", .aggregate_id = "k3"}));
  ASSERT_TRUE(harness.run_until_idle());
  EXPECT_THAT(calls, ElementsAre("wrap e3 of 1"));
  ASSERT_THAT(harness.dead(), SizeIs(1));
  EXPECT_EQ(harness.dead()[0].error->message, "not this one");
}

// What a wrap does instead of the handler counts for all of the batch, as it does for one event.
TEST(BatchFlow, AWrapMayStandInForTheHandler) {
  Harness harness{[](Contract& service) {
    service.on_batch<Placed>([](Batch) -> Results { throw std::logic_error{"must not run"}; }, {.size = 2});
    service.wrap(
        [](HandlerFunction) -> HandlerFunction { return [](const void*, Context&) -> Result<void> { return {}; }; });
  }};
  for (const int count : {1, 2}) publish(harness, count, "k" + std::to_string(count));
  ASSERT_TRUE(harness.run_until_idle());
  EXPECT_THAT(harness.settled(), SizeIs(2));
}

class KeptLines final : public LogSink {
 public:
  void write(LogLevel, std::string line) override { lines.push_back(std::move(line)); }
  bool flush(Time) override { return true; }

  std::vector<std::string> lines;
};

// A32: lines of a batch name its first event and its size; one event alone has its story.
TEST(BatchFlow, MarksTheLinesOfItsHandler) {
  const auto sink = std::make_shared<KeptLines>();
  std::optional<Log> log;
  Harness harness{[&](Contract& service) {
    service.on_batch<Placed>(
        [&](Batch batch) {
          log->info("stored");
          return Results(batch.size());
        },
        {.size = 3});
    service.wrap(log_scope_wrap);
  }};
  log.emplace(std::shared_ptr<Executor>{std::shared_ptr<void>{}, &harness.executor()}, sink, LogOptions{});
  for (const char* name : {"1", "2", "3", "4"}) {
    ASSERT_TRUE(harness.publish(
        Placed{name, 1},
        {.id = std::string{"e"} + name, .aggregate_id = "k", .correlation_id = std::string{"story-"} + name}));
  }
  ASSERT_TRUE(harness.run_until_idle());
  ASSERT_THAT(sink->lines, SizeIs(2));
  EXPECT_THAT(sink->lines[0], HasSubstr(R"("event_id":"e1","event_type":"OrderPlaced","batch_size":3)"));
  EXPECT_THAT(sink->lines[0], Not(HasSubstr("correlation_id")));
  EXPECT_THAT(sink->lines[1], HasSubstr(R"("event_id":"e4","event_type":"OrderPlaced","correlation_id":"story-4")"));
}

TEST(BatchFlow, ATimeoutIsToldAndFailsTheWholeBatchByPolicy) {
  Executor* executor = nullptr;
  Harness harness{[&](Contract& service) {
    service.on_batch<Placed>(
        [&](Batch batch) {
          executor->sleep_until(executor->now() + 3s);
          return Results(batch.size());
        },
        {.size = 2}, {.retry = {.attempts_max = 1}, .timeout = 2s, .on_timeout = OnTimeout::fail});
  }};
  executor = &harness.executor();
  for (const int count : {1, 2}) publish(harness, count, "k" + std::to_string(count));
  ASSERT_TRUE(harness.run_until_idle());
  EXPECT_THAT(harness.decisions(Step::timed_out), SizeIs(1));
  ASSERT_THAT(harness.dead(), SizeIs(2));
  EXPECT_EQ(harness.dead()[1].reason, Reason::timed_out);
}

}  // namespace
}  // namespace tidings::service
