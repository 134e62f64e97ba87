// P9: each limit of a memory deployment, reached. docs/limits.md has the list.
#include <gmock/gmock.h>

#include "tidings/testing/simulated_executor.hpp"
#include "transport/memory/memory_broker.hpp"
#include "transport/memory/memory_control.hpp"
#include "transport/memory/memory_topics.hpp"

namespace tidings::memory {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using tidings::testing::SimulatedExecutor;

class MemoryLimitsTest : public ::testing::Test {
 protected:
  void open(const MemoryOptions& options) {
    transport_ = MemoryBroker::make(executor_, options)->open("first");
    ASSERT_TRUE(transport_->declare({.topics = {{.name = "orders"}}}));
  }
  // What came of each record.
  std::vector<Result<void>> send(std::size_t count, std::size_t bytes,
                                 const transport::PublisherOptions& options = {}) {
    std::vector<Result<void>> outcomes(count, unavailable("no answer"));
    const auto publisher = *transport_->publisher(options);
    publisher->send(std::vector<transport::Record>(count, record(bytes)),
                    [&](std::size_t index, Result<void> outcome) { outcomes[index] = std::move(outcome); });
    EXPECT_TRUE(publisher->flush(executor_->now() + 1min));
    return outcomes;
  }
  static transport::Record record(std::size_t bytes) { return {.topic = "orders", .body = std::string(bytes, 'x')}; }

  std::shared_ptr<SimulatedExecutor> executor_ = std::make_shared<SimulatedExecutor>(1);
  std::unique_ptr<transport::Transport> transport_;
};

TEST_F(MemoryLimitsTest, KeepsSoManyRecordsAndNoMore) {
  open({.records_max = 3});
  const auto slow = *transport_->consumer({.group = "slow", .topic = "orders"});
  const auto outcomes = send(4, 10);
  EXPECT_TRUE(outcomes[2]);
  EXPECT_EQ(outcomes[3].error().kind, ErrorKind::overloaded);
  EXPECT_THAT(outcomes[3].error().message, AllOf(HasSubstr("records_max=3"), HasSubstr("'slow' with 3 unsettled")));
}

TEST_F(MemoryLimitsTest, KeepsSoManyBytesAndNoMore) {
  open({.bytes_max = 2'500});
  const auto slow = *transport_->consumer({.group = "slow", .topic = "orders"});
  const auto outcomes = send(3, 1'000);
  EXPECT_TRUE(outcomes[1]);
  EXPECT_EQ(outcomes[2].error().kind, ErrorKind::overloaded);
  EXPECT_THAT(outcomes[2].error().message, HasSubstr("bytes_max=2500"));
}

// Else nothing could be settled in a full deployment, and nothing would make room.
TEST_F(MemoryLimitsTest, WhatAHandlerPublishesHasRoomInAFullDeploymentWithoutTransactions) {
  open({.records_max = 10, .transactional = false});
  const auto consumer = *transport_->consumer({.group = "g", .topic = "orders"});
  send(10, 10);
  ASSERT_EQ(send(1, 10)[0].error().kind, ErrorKind::overloaded);
  std::vector<transport::Delivery> deliveries;
  while (deliveries.empty()) deliveries = consumer->receive(1, executor_->now() + 1s)->deliveries;
  std::vector<transport::Settlement> settlements(1);
  settlements[0] = {.token = deliveries[0].token, .outcome = transport::Accept{}, .publishes = {record(10)}};
  std::optional<Result<void>> settled;
  consumer->settle(std::move(settlements), [&](std::size_t, Result<void> outcome) { settled = std::move(outcome); });
  executor_->run_until_idle();
  ASSERT_TRUE(settled);
  EXPECT_TRUE(*settled) << settled->error().message;
}

TEST_F(MemoryLimitsTest, BuffersSoManyBytesAndNoMore) {
  open({});
  const auto outcomes = send(5, 1'000, {.buffer_bytes_max = 3 * size_of(record(1'000))});
  EXPECT_TRUE(outcomes[2]);
  EXPECT_EQ(outcomes[3].error().kind, ErrorKind::overloaded);
  EXPECT_THAT(outcomes[3].error().message, HasSubstr("buffer_bytes_max"));
}

TEST_F(MemoryLimitsTest, APublisherThatIsDestroyedWaitsSoLongAndNoLonger) {
  const auto broker = MemoryBroker::make(executor_);
  transport_ = broker->open("first");
  ASSERT_TRUE(transport_->declare({.topics = {{.name = "orders"}}}));
  broker->inject({.point = FaultPoint::publish, .harm = Harm::hang});
  auto publisher = *transport_->publisher({});
  std::vector<Result<void>> outcomes(3);
  publisher->send(std::vector<transport::Record>(3, record(10)),
                  [&](std::size_t index, Result<void> outcome) { outcomes[index] = std::move(outcome); });
  const Time start = executor_->now();
  publisher.reset();
  EXPECT_EQ(executor_->now() - start, transport::kCloseWithin);
  for (const auto& outcome : outcomes) EXPECT_EQ(outcome.error().kind, ErrorKind::unavailable);
}

TEST_F(MemoryLimitsTest, ASettlementThatHangsIsAnsweredInTime) {
  const auto broker = MemoryBroker::make(executor_);
  transport_ = broker->open("first");
  ASSERT_TRUE(transport_->declare({.topics = {{.name = "orders"}}}));
  const auto consumer = *transport_->consumer({.group = "g", .topic = "orders"});
  ASSERT_TRUE(send(1, 10)[0]);
  const auto batch = *consumer->receive(1, executor_->now() + 1s);
  broker->inject({.point = FaultPoint::settle, .harm = Harm::hang});
  const Time start = executor_->now();
  const auto outcome = settle_now(*consumer, *executor_, {{.token = batch.deliveries.at(0).token}})[0];
  EXPECT_EQ(outcome.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(executor_->now() - start, 30s);
}

TEST(MemoryTopicsTest, AreSoManyAndNoMore) {
  MemoryTopics topics{{.partitions = 1}};
  for (std::size_t i = 0; i < kTopicsMax; ++i) ASSERT_TRUE(topics.declare({.name = std::to_string(i)}));
  const auto more = topics.declare({.name = "orders"});
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().kind, ErrorKind::overloaded);
  EXPECT_THAT(more.error().message, HasSubstr("use fewer topics"));
  EXPECT_TRUE(topics.declare({.name = "0"})) << "one that is there";
}

TEST(MemoryTopicsTest, HaveBoundedNamesAndPartitions) {
  MemoryTopics topics{{}};
  EXPECT_TRUE(topics.declare({.name = std::string(kNameMax, 'n'), .partitions = kPartitionsMax}));
  const auto name = topics.declare({.name = std::string(kNameMax + 1, 'n')});
  EXPECT_EQ(name.error().kind, ErrorKind::invalid);
  EXPECT_THAT(name.error().message, HasSubstr("1 to 200 bytes"));
  const auto partitions = topics.declare({.name = "wide", .partitions = kPartitionsMax + 1});
  EXPECT_EQ(partitions.error().kind, ErrorKind::invalid);
  EXPECT_THAT(partitions.error().message, HasSubstr("1 to 1024"));
}

TEST(MemoryControlTest, HasSoManyRecordsAndNoMore) {
  MemoryControl control;
  const Time now{};
  for (std::size_t i = 0; i + 1 < kControlRecordsMax; ++i) ASSERT_TRUE(control.put(std::to_string(i), "", {}, now));
  ASSERT_TRUE(control.put("short-lived", "", {.expires = now + 1s}, now));
  const auto more = control.put("one more", "", {}, now);
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().kind, ErrorKind::overloaded);
  EXPECT_THAT(more.error().message, HasSubstr("erase some"));
  EXPECT_TRUE(control.put("0", "changed", {}, now));
  EXPECT_TRUE(control.put("one more", "", {}, now + 1s)) << "the expired one is gone";
}

TEST(MemoryOptionsTest, GoSoFarAndNoFurther) {
  const auto options = [](const std::string& text) { return memory_options(*transport::parse_url(text)); };
  EXPECT_TRUE(options("memory:?partitions=1024&records_max=1&bytes_max=1"));
  for (const char* beyond : {"partitions=1025", "records_max=0", "bytes_max=0"}) {
    const auto parsed = options(std::string{"memory:?"} + beyond);
    ASSERT_FALSE(parsed) << beyond;
    EXPECT_THAT(parsed.error().message, HasSubstr(beyond));
  }
}

}  // namespace
}  // namespace tidings::memory
