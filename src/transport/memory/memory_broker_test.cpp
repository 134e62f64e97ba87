// A16: the fault hooks. What the transport promises is tested by tests/conformance.
#include "transport/memory/memory_broker.hpp"

#include <gtest/gtest.h>

#include "tidings/testing/simulated_executor.hpp"
#include "tidings/transport/transport.hpp"

namespace tidings::memory {
namespace {

using namespace std::chrono_literals;
using tidings::testing::SimulatedExecutor;
using transport::Notice;
using transport::Settlement;

class MemoryBrokerTest : public ::testing::Test {
 protected:
  MemoryBrokerTest() { EXPECT_TRUE(first_->declare({.topics = {{.name = "orders", .partitions = 2}}})); }

  Result<void> publish(std::string id) {
    const auto publisher = first_->publisher({});
    Result<void> outcome = unavailable("no answer");
    (*publisher)->send({{.topic = "orders", .key = id, .id = id}}, [&](std::size_t, Result<void> answer) {
      outcome = std::move(answer);
    });
    EXPECT_TRUE((*publisher)->flush(executor_->now() + 1min));
    return outcome;
  }
  static std::unique_ptr<transport::Consumer> consumer(transport::Transport& transport) {
    return *transport.consumer({.group = "g", .topic = "orders"});
  }
  transport::Batch receive(transport::Consumer& consumer) { return *consumer.receive(100, executor_->now() + 1s); }
  std::size_t stored() { return first_->operations().topology->topics().value()[0].records; }

  std::shared_ptr<SimulatedExecutor> executor_ = std::make_shared<SimulatedExecutor>(1);
  std::shared_ptr<MemoryBroker> broker_ = MemoryBroker::make(executor_);
  std::unique_ptr<transport::Transport> first_ = broker_->open("first");
  std::unique_ptr<transport::Transport> second_ = broker_->open("second");
};

TEST_F(MemoryBrokerTest, RefusesWhatItIsToldTo) {
  broker_->inject({.point = FaultPoint::publish, .error = overloaded("full"), .skip = 1, .times = 2});
  EXPECT_TRUE(publish("1"));
  EXPECT_EQ(publish("2").error().kind, ErrorKind::overloaded);
  EXPECT_EQ(publish("3").error().kind, ErrorKind::overloaded);
  EXPECT_TRUE(publish("4"));
  EXPECT_EQ(stored(), 2u);
}

TEST_F(MemoryBrokerTest, LosesAnswersOfWhatWasDone) {
  broker_->inject({.point = FaultPoint::publish, .moment = FaultMoment::after});
  EXPECT_EQ(publish("1").error().kind, ErrorKind::unavailable);
  EXPECT_EQ(stored(), 1u);
  const auto consumer = this->consumer(*first_);
  const auto batch = receive(*consumer);
  broker_->inject({.point = FaultPoint::settle, .moment = FaultMoment::after});
  const std::vector<Settlement> accept{{.token = batch.deliveries.at(0).token}};
  EXPECT_EQ(settle_now(*consumer, *executor_, accept)[0].error().kind, ErrorKind::unavailable);
  EXPECT_EQ(settle_now(*consumer, *executor_, accept)[0].error().kind, ErrorKind::conflict);
}

TEST_F(MemoryBrokerTest, LosesSettlementsThatWereNotDone) {
  ASSERT_TRUE(publish("1"));
  const auto consumer = this->consumer(*first_);
  const auto batch = receive(*consumer);
  broker_->inject({.point = FaultPoint::settle});
  const std::vector<Settlement> accept{{.token = batch.deliveries.at(0).token}};
  EXPECT_EQ(settle_now(*consumer, *executor_, accept)[0].error().kind, ErrorKind::unavailable);
  EXPECT_TRUE(settle_now(*consumer, *executor_, accept)[0]);
}

// The contract of Consumer::settle: the order of what one call publishes survives a refusal.
TEST_F(MemoryBrokerTest, WhatPublishesDoesNotOvertakeWhatWasRefused) {
  for (const char* id : {"1", "2", "3"}) ASSERT_TRUE(publish(id));
  const auto consumer = this->consumer(*first_);
  const auto batch = receive(*consumer);
  ASSERT_EQ(batch.deliveries.size(), 3u);
  std::vector<Settlement> settlements;
  for (const auto& delivery : batch.deliveries) settlements.push_back({.token = delivery.token});
  settlements[0].publishes = {{.topic = "orders", .id = "of-1"}};
  settlements[2].publishes = {{.topic = "orders", .id = "of-3"}};
  broker_->inject({.point = FaultPoint::settle});
  const auto outcomes = settle_now(*consumer, *executor_, settlements);
  EXPECT_FALSE(outcomes[0]);
  EXPECT_TRUE(outcomes[1]) << "it publishes nothing";
  EXPECT_FALSE(outcomes[2]);
  EXPECT_EQ(stored(), 3u);
}

TEST_F(MemoryBrokerTest, HangsUntilHealed) {
  broker_->inject({.point = FaultPoint::publish, .harm = Harm::hang});
  const auto healer = executor_->spawn("healer", [&] {
    executor_->sleep_until(executor_->now() + 10s);
    broker_->heal();
  });
  const Time start = executor_->now();
  EXPECT_TRUE(publish("1"));
  EXPECT_EQ(executor_->now() - start, 10s);
}

TEST_F(MemoryBrokerTest, RefusesAHangingPublishAtItsDeadline) {
  broker_->inject({.point = FaultPoint::publish, .harm = Harm::hang});
  EXPECT_EQ(publish("1").error().kind, ErrorKind::unavailable);
  EXPECT_EQ(stored(), 0u);
}

TEST_F(MemoryBrokerTest, WaitsEndInTimeThoughTheClockIsSetBack) {
  const auto consumer = this->consumer(*first_);
  EXPECT_FALSE(receive(*consumer).notices.empty());
  const auto operations = first_->operations();
  const auto seen = first_->control().watch(0, executor_->now()).value();
  const auto begin = operations.history->read({.topic = "orders"}, {}, 1, [](const auto&) { return true; }).value();
  const std::function<bool(Time)> waits[] = {
      [&](Time deadline) { return consumer->receive(10, deadline).value().deliveries.empty(); },
      [&](Time deadline) { return first_->control().watch(seen, deadline).value() == seen; },
      [&](Time deadline) { return bool{operations.history->wait("orders", begin, deadline)}; }};
  for (const auto& wait : waits) {
    const auto clock = executor_->spawn("clock", [&] {
      executor_->sleep_until(executor_->now() + 4s);
      executor_->jump(-5min);
    });
    const Duration begun = executor_->uptime();
    EXPECT_TRUE(wait(executor_->now() + 10s));
    EXPECT_EQ(executor_->uptime() - begun, 10s);
  }
}

TEST_F(MemoryBrokerTest, CrashesAProcessAtANamedPoint) {
  ASSERT_TRUE(publish("1"));
  const auto dying = consumer(*second_);
  const auto batch = receive(*dying);
  dying->running()[3] = batch.deliveries.at(0).token;
  broker_->inject({.point = FaultPoint::settle, .harm = Harm::crash, .process = "second"});
  EXPECT_FALSE(settle_now(*dying, *executor_, {{.token = batch.deliveries.at(0).token}})[0]);
  EXPECT_EQ(dying->receive(1, executor_->now()).error().kind, ErrorKind::unavailable);
  const auto heir = consumer(*first_);
  const auto again = receive(*heir);
  ASSERT_EQ(again.deliveries.size(), 1u);
  EXPECT_TRUE(again.deliveries[0].suspect);
  EXPECT_EQ(second_->check(kNever).error().kind, ErrorKind::unavailable);
}

TEST_F(MemoryBrokerTest, TellsADroppedConsumerWhatItLost) {
  ASSERT_TRUE(publish("1"));
  const auto consumer = this->consumer(*first_);
  const auto batch = receive(*consumer);
  broker_->drop("first");
  EXPECT_EQ(settle_now(*consumer, *executor_, {{.token = batch.deliveries.at(0).token}})[0].error().kind,
            ErrorKind::conflict);
  const auto again = receive(*consumer);
  ASSERT_EQ(again.notices.size(), 3u);
  EXPECT_EQ(again.notices[0].kind, Notice::Kind::lost);
  EXPECT_EQ(again.notices[1].kind, Notice::Kind::reconnected);
  EXPECT_EQ(again.notices[2].kind, Notice::Kind::assigned);
  ASSERT_EQ(again.deliveries.size(), 1u);
  EXPECT_FALSE(again.deliveries[0].suspect);
}

TEST_F(MemoryBrokerTest, KeepsACutOffConsumerAway) {
  ASSERT_TRUE(publish("1"));
  const auto away = consumer(*first_);
  const auto batch = receive(*away);
  broker_->cut_off("first");
  const auto heir = consumer(*second_);
  EXPECT_EQ(receive(*heir).deliveries.size(), 1u);
  EXPECT_EQ(away->receive(1, executor_->now() + 1s).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(settle_now(*away, *executor_, {{.token = batch.deliveries.at(0).token}})[0].error().kind,
            ErrorKind::conflict);
  broker_->restore("first");
  EXPECT_EQ(receive(*away).notices.at(0).kind, Notice::Kind::lost);
}

TEST_F(MemoryBrokerTest, BoundsWhatAPublisherBuffers) {
  broker_->inject({.point = FaultPoint::publish, .harm = Harm::hang});
  const auto publisher = *second_->publisher({.buffer_records_max = 3});
  std::vector<ErrorKind> refused;
  std::size_t confirmed = 0;
  publisher->send(std::vector<transport::Record>(5, {.topic = "orders"}), [&](std::size_t, Result<void> outcome) {
    if (outcome) {
      ++confirmed;
    } else {
      refused.push_back(outcome.error().kind);
    }
  });
  EXPECT_EQ(refused, (std::vector{ErrorKind::overloaded, ErrorKind::overloaded}));
  broker_->heal();
  ASSERT_TRUE(publisher->flush(executor_->now() + 1min));
  EXPECT_EQ(confirmed, 3u);
}

}  // namespace
}  // namespace tidings::memory
