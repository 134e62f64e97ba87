// Several processes of one group on one memory deployment: crashes, drains, hand-overs, lost connections.
#include <gmock/gmock.h>

#include <map>

#include "service/sample_service.hpp"
#include "service/settle/settler.hpp"
#include "tidings/bus.hpp"
#include "tidings/testing/simulated_executor.hpp"
#include "tidings/uuid.hpp"
#include "transport/event_record.hpp"
#include "transport/memory/memory_broker.hpp"

namespace tidings::service {
namespace {

using namespace std::chrono_literals;
using memory::Fault;
using memory::FaultPoint;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

const RetryPolicy kQuick{.attempts_max = 3, .delay_first = 1s, .factor = 2.0, .jitter = 0};

class ProcessesFlow : public ::testing::Test {
 protected:
  // Starts a process. Its handler is `handle(process, placed, context)`.
  using Handle = std::function<Result<void>(const std::string&, const Placed&, Context&)>;
  Bus& start(const std::string& name, Handle handle, On on = {.retry = kQuick}) {
    return start_with(name, [=](Contract& service) {
      service.on<Placed>([=](const Placed& placed, Context& context) { return handle(name, placed, context); }, on);
    });
  }
  Bus& start_with(const std::string& name, const std::function<void(Contract&)>& declare, BusOptions options = {}) {
    options.name = "shop";
    options.instance = name;
    options.observers = {[this](const Decision& decision) {
      steps_.push_back(std::string{to_string(decision.step)} + " " + std::string{decision.event_id});
    }};
    auto bus = std::make_unique<Bus>(broker_->open(name), executor_, options);
    declare(*bus);
    const auto started = bus->start();
    EXPECT_TRUE(started) << started.error().message;
    return *(buses_[name] = std::move(bus));
  }
  // A process dies by what it does in its handler: from then on nothing of it counts.
  void die(const std::string& name) { broker_->crash(name); }
  // What a supervisor does after that.
  void forget(const std::string& name) { buses_.erase(name); }

  void publish(std::string id, int count, std::string key = "k") {
    const Envelope envelope{.id = std::move(id), .type = "OrderPlaced", .aggregate_id = std::move(key)};
    const Placed placed{envelope.aggregate_id, count};
    auto record =
        transport::to_record({.topic = "orders", .envelope = envelope, .type = describe<Placed>(), .data = &placed},
                             Codecs{}.standard(), Profile::kafka);
    ASSERT_TRUE(record);
    publisher_->send({*record}, [](std::size_t, Result<void> outcome) { EXPECT_TRUE(outcome); });
    ASSERT_TRUE(publisher_->flush(executor_->now() + 1s));
  }
  std::uint64_t unsettled() {
    std::uint64_t sum = 0;
    const auto lags = outside_->operations().topology->lag();
    for (const auto& lag : *lags) sum += lag.unsettled;
    return sum;
  }
  bool settle_all(Duration within = 1h) {
    return executor_->run_until([this] { return unsettled() == 0; }, within);
  }
  std::vector<transport::DeadLetter> letters() { return *outside_->operations().dead_letters->browse({}, "", 100); }

  std::shared_ptr<testing::SimulatedExecutor> executor_ = std::make_shared<testing::SimulatedExecutor>(7);
  std::shared_ptr<memory::MemoryBroker> broker_ = memory::MemoryBroker::make(executor_);
  std::unique_ptr<transport::Transport> outside_ = broker_->open("outside");
  bool declared_ = !!outside_->declare({.topics = {{.name = "orders"}}});
  std::unique_ptr<transport::Publisher> publisher_ = *outside_->publisher({});
  std::vector<std::string> steps_;
  std::map<std::string, std::unique_ptr<Bus>> buses_;
};

// P5, A24: a poison event kills what handles it, alone after the first time; then it is quarantined, and nothing else.
TEST_F(ProcessesFlow, APoisonEventIsQuarantinedAfterThreeCrashesOfItsOwn) {
  int crashes = 0;
  std::map<std::string, int> handled;
  int inside = 0;
  const auto handle = [&](const std::string& name, const Placed& placed, Context& context) -> Result<void> {
    ++inside;
    executor_->sleep_until(context.now() + 5ms);
    if (placed.count == 13) {
      if (crashes > 0) {
        EXPECT_EQ(inside, 1) << "a suspect runs alone";
      }
      ++crashes;
      die(name);
    } else {
      ++handled[context.event_id()];
    }
    --inside;
    return {};
  };
  const On eight{.retry = kQuick, .concurrency = 8};
  for (int i = 0; i < 20; ++i) publish("e" + std::to_string(i), i, "k" + std::to_string(i));
  for (int life = 1; life == 1 || (unsettled() > 0 && life < 10); ++life) {
    const std::string name = "life-" + std::to_string(life);
    start(name, handle, eight);
    executor_->run_until([&] { return crashes == life || unsettled() == 0; }, 1min);
    forget(name);
  }
  EXPECT_EQ(crashes, 1 + 3);  // once among others, which only makes it suspect; then three times marked
  EXPECT_THAT(handled, SizeIs(19));
  ASSERT_THAT(letters(), SizeIs(1));
  EXPECT_EQ(letters()[0].reason, "crashed");
  EXPECT_EQ(letters()[0].record.id, "e13");
  EXPECT_EQ(letters()[0].crashes, 3);
}

// P5: what ran when something else killed the process is marked, runs, and is charged nothing.
TEST_F(ProcessesFlow, AnInnocentSuspectRunsAndIsChargedNothing) {
  bool died = false;
  const auto handle = [&](const std::string& name, const Placed&, Context&) -> Result<void> {
    if (!std::exchange(died, true)) die(name);
    return {};
  };
  publish("e1", 1);
  start("first", handle);
  executor_->run_until_idle();
  forget("first");
  start("second", handle);
  ASSERT_TRUE(settle_all());
  EXPECT_THAT(letters(), IsEmpty());
  EXPECT_THAT(steps_, AllOf(Contains("marked e1"), Contains("accepted e1")));
}

// P5: a random kill; count and due time of a waiting retry survive it.
TEST_F(ProcessesFlow, ARetryThatWaitsSurvivesItsProcess) {
  std::vector<std::string> runs;
  const auto handle = [&](const std::string& name, const Placed&, Context& context) -> Result<void> {
    runs.push_back(name + " " + std::to_string(context.attempt()) + " " +
                   std::to_string((context.now() - testing::SimulatedExecutor::kStart) / 1s));
    return context.attempt() < 3 ? Result<void>{unavailable("not now")} : Result<void>{};
  };
  publish("e1", 1);
  start("first", handle);
  executor_->run_for(1500ms);  // the second run was at 1 s, the third is due at 3 s
  die("first");
  forget("first");
  start("second", handle);
  ASSERT_TRUE(settle_all());
  EXPECT_THAT(runs, ElementsAre("first 1 0", "first 2 1", "second 3 3"));
}

// P8: a drain finishes what runs, gives back what waits, and is no crash.
TEST_F(ProcessesFlow, ADrainFinishesWhatRunsAndReleasesWhatWaits) {
  std::map<std::string, std::vector<int>> handled;
  const auto handle = [&](const std::string& name, const Placed& placed, Context& context) -> Result<void> {
    if (placed.count == 1 && context.attempt() == 1) return unavailable("not now");
    executor_->sleep_until(context.now() + 100ms);
    handled[name].push_back(placed.count);
    return {};
  };
  for (const int count : {1, 2})
    publish("a" + std::to_string(count), count, "a");  // 1 waits for its retry, 2 behind it
  for (const int count : {3, 4}) publish("b" + std::to_string(count), count, "b");
  Bus& first = start("first", handle, {.retry = kQuick, .concurrency = 4});
  executor_->run_for(50ms);
  const Time begun = executor_->now();
  ASSERT_TRUE(first.stop(begun + 10s));
  EXPECT_EQ(executor_->now() - begun, 50ms);
  EXPECT_THAT(handled["first"], ElementsAre(3));
  EXPECT_THAT(steps_, AllOf(Contains("released a1"), Contains("released a2"), Contains("released b4")));
  EXPECT_EQ(unsettled(), 3u);

  steps_.clear();
  start("second", handle);
  ASSERT_TRUE(settle_all());
  EXPECT_THAT(handled["second"], ::testing::UnorderedElementsAre(1, 2, 4));
  EXPECT_THAT(steps_, ::testing::Not(Contains("marked b4")));
  EXPECT_THAT(letters(), IsEmpty());
}

TEST_F(ProcessesFlow, ADrainThatIsNotDoneInTimeTellsHandlersToStopAndLeavesTheirEvents) {
  bool told = false;
  const auto handle = [&](const std::string&, const Placed&, Context& context) -> Result<void> {
    while (!context.stop().stop_requested() && executor_->now() < testing::SimulatedExecutor::kStart + 1min)
      executor_->sleep_until(executor_->now() + 10ms);
    told = context.stop().stop_requested();
    return {};
  };
  publish("e1", 1);
  Bus& first = start("first", handle);
  executor_->run_for(50ms);
  const auto stopped = first.stop(executor_->now() + 1s);
  ASSERT_FALSE(stopped);
  EXPECT_THAT(stopped.error().message, HasSubstr("'orders' left"));
  EXPECT_TRUE(told);
  EXPECT_EQ(unsettled(), 1u);
}

// P4: what a process that was cut off still does is refused; its successor did the same.
TEST_F(ProcessesFlow, SettlementsOfAProcessThatWasCutOffAreRefused) {
  std::vector<std::string> handled;
  const auto handle = [&](const std::string& name, const Placed&, Context& context) -> Result<void> {
    executor_->sleep_until(context.now() + (name == "first" ? 10s : 10ms));
    handled.push_back(name);
    return {};
  };
  publish("e1", 1);
  start("first", handle);
  executor_->run_for(1s);
  broker_->cut_off("first");
  start("second", handle);
  executor_->run_for(5s);
  EXPECT_THAT(handled, ElementsAre("second"));
  EXPECT_EQ(unsettled(), 0u);
  broker_->restore("first");
  executor_->run_for(10s);
  EXPECT_THAT(handled, ElementsAre("second", "first"));
  EXPECT_THAT(steps_, ElementsAre("accepted e1", "refused e1"));
}

// P10: a settlement that the transport cannot do now is tried until it can.
TEST_F(ProcessesFlow, SettlesWhenTheTransportIsBack) {
  int handled = 0;
  broker_->inject({.point = FaultPoint::settle, .times = 8});
  Bus& bus = start("first", [&](const std::string&, const Placed&, Context&) -> Result<void> {
    ++handled;
    return {};
  });
  publish("e1", 1);
  publish("e2", 2);
  executor_->run_for(100ms);
  EXPECT_THAT(bus.ready(executor_->now() + 1s).error().message, HasSubstr("shop orders cannot settle now"));
  ASSERT_TRUE(settle_all());
  EXPECT_EQ(handled, 2);
  EXPECT_THAT(steps_, UnorderedElementsAre("accepted e1", "accepted e2")) << "they have different keys";
  EXPECT_TRUE(bus.ready(executor_->now() + 1s));
}

// P10, P9: a settlement that will be refused for ever stops nothing, is told, and its event comes again elsewhere.
TEST_F(ProcessesFlow, GivesUpASettlementThatIsRefusedForGood) {
  std::vector<int> handled;
  const auto handle = [&](const std::string&, const Placed& placed, Context&) -> Result<void> {
    handled.push_back(placed.count);
    return {};
  };
  broker_->inject({.point = FaultPoint::settle, .error = corrupt("a damaged page"), .times = kRefusalsMax - 1});
  start("first", handle);
  publish("e1", 1);
  ASSERT_TRUE(settle_all());  // it was not for ever
  EXPECT_THAT(steps_, ElementsAre("accepted e1"));
  Bus& bus = *buses_["first"];
  EXPECT_TRUE(bus.ready(executor_->now() + 1s));

  broker_->inject({.point = FaultPoint::settle, .error = corrupt("a damaged page"), .times = kRefusalsMax});
  publish("e2", 2);
  executor_->run_for(1min);
  publish("e3", 3);
  executor_->run_for(1min);
  EXPECT_THAT(handled, ElementsAre(1, 2, 3));
  EXPECT_THAT(steps_, ElementsAre("accepted e1", "unsettled e2", "accepted e3"));
  EXPECT_THAT(bus.ready(executor_->now() + 1s).error().message,
              AllOf(HasSubstr("shop orders cannot settle an event at all (corrupt: a damaged page)"),
                    HasSubstr("restart the service")));
  forget("first");
  start("second", handle);
  ASSERT_TRUE(settle_all());
  EXPECT_THAT(handled, ElementsAre(1, 2, 3, 2));
}

TEST_F(ProcessesFlow, ReceivesAgainWhenTheTransportIsBack) {
  std::vector<std::string> troubles;
  Bus& bus = start_with("first", [](Contract& service) { service.on<Placed>([](const Placed&) {}); },
                        {.on_trouble = [&](const Trouble& trouble) { troubles.emplace_back(trouble.doing); }});
  broker_->cut_off("first");
  executor_->run_for(10s);
  EXPECT_FALSE(bus.ready(executor_->now() + 1s));
  EXPECT_THAT(troubles, Contains("receive"));
  broker_->restore("first");
  publish("e1", 1);
  ASSERT_TRUE(settle_all());
  EXPECT_TRUE(bus.ready(executor_->now() + 1s));
}

// A19: an operator's retention stays, and is no reason not to start.
TEST_F(ProcessesFlow, StartsThoughATopicKeepsSomethingElseAndSaysSo) {
  using transport::Retention;
  std::vector<std::string> troubles;
  const auto publishing = [](Retention retention) {
    return [=](Contract& service) {
      service.publishes<Placed>({.retention = retention});
      service.publishes<Paid>({.retention = {.bytes = 5}});
    };
  };
  const auto kept = [&](const std::string& topic) {
    const auto states = outside_->operations().topology->topics();
    for (const auto& state : *states) {
      if (state.name == topic) return state.retention;
    }
    return Retention{};
  };
  const BusOptions telling{.on_trouble = [&](const Trouble& trouble) {
    EXPECT_EQ(trouble.then, Trouble::Then::left);
    troubles.push_back(std::string{trouble.doing} + " " + std::string{trouble.subscription} + ": " +
                       trouble.error.message);
  }};
  start_with("first", publishing({.age = 1h}), telling);
  EXPECT_EQ(kept("orders").age, 1h);
  ASSERT_TRUE(outside_->operations().topology->set_retention("orders", {.age = 2h}));
  ASSERT_TRUE(outside_->operations().topology->set_retention("payments", {.age = 3h}));
  EXPECT_THAT(troubles, IsEmpty());
  start_with("second", publishing({.age = 1h}), telling);
  EXPECT_EQ(kept("orders").age, 2h);
  EXPECT_EQ(kept("payments").age, 3h);
  EXPECT_THAT(troubles, ElementsAre(AllOf(HasSubstr("declare the topic orders"), HasSubstr("another retention.age"),
                                          HasSubstr("tidings topics set"))));
}

// A26: every instance gets its own copy of a broadcast.
TEST_F(ProcessesFlow, ABroadcastReachesEveryInstance) {
  std::map<std::string, int> handled;
  const auto handle = [&](const std::string& name, const Placed&, Context&) -> Result<void> {
    ++handled[name];
    return {};
  };
  for (const char* name : {"first", "second"}) start(name, handle, {.sharing = transport::Sharing::broadcast});
  publish("e1", 1);
  ASSERT_TRUE(settle_all());
  EXPECT_EQ(handled, (std::map<std::string, int>{{"first", 1}, {"second", 1}}));
}

// P4: an instance that comes later takes its share over, and the order of each key stays.
TEST_F(ProcessesFlow, AnInstanceThatComesLaterTakesPartitionsOverInOrder) {
  std::map<std::string, std::vector<int>> handled;
  std::map<std::string, int> by;
  const auto handle = [&](const std::string& name, const Placed& placed, Context& context) -> Result<void> {
    executor_->sleep_until(context.now() + 5ms);
    handled[placed.customer].push_back(placed.count);
    ++by[name];
    return {};
  };
  start("first", handle, {.retry = kQuick, .concurrency = 4});
  for (int i = 0; i < 400; ++i) publish("e" + std::to_string(i), i, "k" + std::to_string(i % 40));
  executor_->run_for(50ms);
  start("second", handle, {.retry = kQuick, .concurrency = 4});
  ASSERT_TRUE(settle_all());
  for (const auto& [key, counts] : handled) {
    EXPECT_TRUE(std::ranges::is_sorted(counts)) << key;
    EXPECT_THAT(counts, SizeIs(10)) << key;
  }
  EXPECT_GT(by["second"], 50);
}

TEST_F(ProcessesFlow, TellsTheDeploymentThatItIsThere) {
  start_with("first", [](Contract& service) {
    service.publishes<Paid>();
    service.on<Placed>([](const Placed&) {});
  });
  executor_->run_for(1min);
  const auto here = outside_->control().get("instances/first");
  ASSERT_TRUE(here);
  ASSERT_TRUE(*here);
  EXPECT_THAT((*here)->value, AllOf(HasSubstr(R"("service":"shop","instance":"first")"),
                                    HasSubstr(R"("subscriptions":[{"group":"shop","topic":"orders"}])"),
                                    HasSubstr(R"("published":[{"type":"PaymentCompleted","topic":"payments"}])")));
  forget("first");
  EXPECT_FALSE(*outside_->control().get("instances/first"));
}

TEST_F(ProcessesFlow, IsForgottenAfterThreeMissedHeartbeats) {
  start_with("first", [](Contract& service) { service.on<Placed>([](const Placed&) {}); });
  for (const Duration later : {Duration{1min}, Duration{1h}}) {
    executor_->run_for(later);
    const auto here = outside_->control().get("instances/first").value().value();
    EXPECT_GT(here.expires, executor_->now() + 2 * BusOptions{}.discovery - 1s);
    EXPECT_LE(here.expires, executor_->now() + 3 * BusOptions{}.discovery);
  }
}

}  // namespace
}  // namespace tidings::service
