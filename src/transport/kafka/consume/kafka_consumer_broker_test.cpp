#include <algorithm>
#include <array>
#include <atomic>
#include <iterator>
#include <map>
#include <mutex>

#include "transport/kafka/admin/own_topics.hpp"
#include "transport/kafka/admin/topic_admin.hpp"
#include "transport/kafka/broker_here.hpp"
#include "transport/kafka/client/kafka_limits.hpp"
#include "transport/kafka/consume/kafka_consumer.hpp"

namespace tidings::kafka {
namespace {

// A consumer of `orders`; whether it has retries a test says.
class KafkaConsumerBrokerTest : public BrokerHere {
 protected:
  void SetUp() override {
    BrokerHere::SetUp();
    if (IsSkipped()) return;
    topic_ = cluster().names().on_cluster("orders");
    const NewTopic topic{.name = topic_};
    ASSERT_TRUE(create_topics(cluster(), {&topic, 1}));
    publish(0);
  }
  void publish(int number) {
    send(topic_, {{.topic = "orders", .key = "k", .id = std::to_string(number), .body = "b"}});
  }
  MemberSpec member() {
    return {.who = {.group_id = cluster().names().on_cluster("g"), .instance = "one", .static_id = {}},
            .subscriber = {.group = "g", .subscription = "orders", .host = "here"},
            .topics = [topic = topic_] { return std::set<std::string>{topic}; },
            .peers = [] { return std::vector<std::string>{}; },
            .ensure_topic = [this](const std::string& name) { return ensure_own_topic(cluster(), name); },
            .life = 1};
  }
  std::unique_ptr<transport::Consumer> join(std::function<bool()> has_retries) {
    return join(std::move(has_retries), member(), {});
  }
  std::unique_ptr<transport::Consumer> join(std::function<bool()> has_retries, MemberSpec member,
                                            const transport::PublisherOptions& options) {
    const auto producer = Producer::open(shared_cluster(), options).value();
    return KafkaConsumer::join(shared_cluster(), producer, {.group = "g", .topic = "orders"}, std::move(member),
                               {.has_retries = std::move(has_retries), .left = {}})
        .value();
  }
  std::vector<transport::Delivery> receive(transport::Consumer& from, Time deadline, std::size_t count = 1) {
    std::vector<transport::Delivery> received;
    while (received.size() < count && executor().now() < deadline) {
      auto batch = from.receive(count - received.size(), deadline);
      EXPECT_TRUE(batch) << batch.error().message;
      if (batch) std::ranges::move(batch->deliveries, std::back_inserter(received));
    }
    return received;
  }

  std::string topic_;
};

const auto no_retries = [] { return false; };
const transport::Bury kFailed{.reason = "failed", .error = {}, .attempts = {}};

// Where a member makes topics: it waits there until it is let through.
class Gate final {
 public:
  explicit Gate(Executor& executor) : executor_{executor}, changed_{executor.condition()} {}
  void pass(Time deadline) {
    std::unique_lock lock{mutex_};
    reached_ = true;
    changed_->notify_all();
    changed_->wait_until(lock, deadline, executor_, [&] { return open_; });
  }
  bool is_reached(Time deadline) {
    std::unique_lock lock{mutex_};
    return changed_->wait_until(lock, deadline, executor_, [&] { return reached_; });
  }
  void open() {
    const std::lock_guard lock{mutex_};
    open_ = true;
    changed_->notify_all();
  }

 private:
  Executor& executor_;
  const std::unique_ptr<Condition> changed_;
  std::mutex mutex_;
  bool reached_ = false;
  bool open_ = false;
};

// Answers that come, by their index in the call.
class AnswersHere final {
 public:
  explicit AnswersHere(Executor& executor) : executor_{executor}, changed_{executor.condition()} {}
  transport::Consumer::Settled taker() {
    return [this](std::size_t index, Result<void> outcome) {
      const std::lock_guard lock{mutex_};
      answers_.emplace(index, std::move(outcome));
      changed_->notify_all();
    };
  }
  std::map<std::size_t, Result<void>> wait(std::size_t count, Time deadline) {
    std::unique_lock lock{mutex_};
    changed_->wait_until(lock, deadline, executor_, [&] { return answers_.size() >= count; });
    return answers_;
  }

 private:
  Executor& executor_;
  const std::unique_ptr<Condition> changed_;
  std::mutex mutex_;
  std::map<std::size_t, Result<void>> answers_;
};

// As in an outage.
TEST_F(KafkaConsumerBrokerTest, ReceivesWhileTheClusterDoesNotSayWhetherThereAreRetries) {
  const auto changed = executor().condition();
  std::mutex mutex;
  bool is_over = false;
  std::atomic<bool> answered = false;
  const auto consumer = join([&] {
    std::unique_lock lock{mutex};
    changed->wait_until(lock, soon(), executor(), [&] { return is_over; });
    answered = true;
    return false;
  });
  EXPECT_EQ(receive(*consumer, executor().now() + 2 * kReachWithin).size(), 1u);
  EXPECT_FALSE(answered) << "it was waited for";
  const std::lock_guard lock{mutex};
  is_over = true;
  changed->notify_all();
}

TEST_F(KafkaConsumerBrokerTest, JoinsItsRetriesOnceThereAreSome) {
  const auto consumer =
      join([&] { return cluster().has_topic(cluster().names().retry("g", "orders")).value_or(false); });
  const auto first = receive(*consumer, soon());
  ASSERT_EQ(first.size(), 1u);
  const transport::Retry retry{.order = transport::RetryOrder::relaxed,
                               .attempts = {.failed = 1, .due = executor().now()}};
  ASSERT_TRUE(settle_now(*consumer, executor(), {{.token = first[0].token, .outcome = retry}})[0]);
  const auto again = receive(*consumer, soon());
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].record.id, "0");
  EXPECT_EQ(again[0].attempts.failed, 1);
}

// P4: what a handler publishes stays in the order of its key, whatever of it is refused for now and repeated.
TEST_F(KafkaConsumerBrokerTest, RefusesWhatPublishesBehindOneOfTheSameCallThatIsRefusedForNow) {
  const NewTopic payments{.name = cluster().names().on_cluster("payments")};
  ASSERT_TRUE(create_topics(cluster(), {&payments, 1}));
  for (int i = 1; i < 4; ++i) publish(i);
  const auto consumer = join(no_retries, member(), {.buffer_bytes_max = 1'000});
  const auto received = receive(*consumer, soon(), 4);
  ASSERT_EQ(received.size(), 4u);
  std::vector<transport::Settlement> settlements;
  for (const auto& delivery : received)
    settlements.push_back({.token = delivery.token, .outcome = transport::Accept{}});
  const std::array<std::size_t, 3> bytes{10, 2'000, 10};  // the last one accepts, and publishes nothing
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    settlements[i].publishes = {
        {.topic = "payments", .key = "k", .id = std::to_string(i), .body = std::string(bytes[i], 'b')}};
  }
  const auto answers = settle_now(*consumer, executor(), std::move(settlements));
  EXPECT_TRUE(answers[0]);
  for (const std::size_t refused : {1u, 2u}) {
    ASSERT_FALSE(answers[refused]);
    EXPECT_EQ(answers[refused].error().kind, ErrorKind::overloaded) << answers[refused].error().message;
  }
  EXPECT_TRUE(answers[3]);
  const auto end = cluster().offsets({{payments.name, 0, 0}}, Bound::latest);
  ASSERT_TRUE(end);
  EXPECT_EQ((*end)[0].offset, 1) << "it is there, before one that is to come before it";
}

TEST_F(KafkaConsumerBrokerTest, GoesOnWhileATopicForItsCopiesIsMade) {
  publish(1);
  publish(2);
  Gate gate{executor()};
  AnswersHere buried{executor()}, released{executor()}, accepted{executor()};
  MemberSpec spec = member();
  spec.ensure_topic = [&](const std::string& name) {
    gate.pass(soon());
    return ensure_own_topic(cluster(), name);
  };
  const auto consumer = join(no_retries, std::move(spec), {});
  const auto received = receive(*consumer, soon(), 3);
  ASSERT_EQ(received.size(), 3u);
  consumer->settle({{.token = received[0].token, .outcome = kFailed}}, buried.taker());
  ASSERT_TRUE(gate.is_reached(soon()));
  consumer->settle({{.token = received[1].token, .outcome = transport::Release{}}}, released.taker());
  const auto again = receive(*consumer, executor().now() + std::chrono::seconds{10});
  EXPECT_EQ(again.size(), 1u) << "what was given back is not handed out";
  consumer->settle({{.token = received[2].token, .outcome = transport::Accept{}}}, accepted.taker());
  EXPECT_EQ(accepted.wait(1, executor().now() + std::chrono::seconds{10}).size(), 1u) << "nothing is committed";
  EXPECT_TRUE(buried.wait(0, executor().now()).empty()) << "the gate is shut";
  gate.open();
  EXPECT_TRUE(buried.wait(1, soon()).at(0));
  EXPECT_TRUE(released.wait(1, soon()).at(0));
}

// Of a pattern's topics one may be refused its dead letters: those of the others have nothing to do with it.
TEST_F(KafkaConsumerBrokerTest, ATopicThatCannotBeMadeHoldsUpNoOtherCopies) {
  publish(1);
  publish(2);
  AnswersHere buried{executor()};
  const std::string dead = cluster().names().dead_letters("orders");
  std::atomic<bool> refuses = false;
  MemberSpec spec = member();
  spec.ensure_topic = [&](const std::string& name) -> Result<void> {
    if (name != dead) return ensure_own_topic(cluster(), name);
    if (refuses) return invalid("a policy forbids it");
    return unavailable("its broker is away");
  };
  const auto consumer = join(no_retries, std::move(spec), {});
  const auto received = receive(*consumer, soon(), 3);
  ASSERT_EQ(received.size(), 3u);
  consumer->settle({{.token = received[0].token, .outcome = kFailed}}, buried.taker());
  const transport::Retry retry{.order = transport::RetryOrder::relaxed,
                               .attempts = {.failed = 1, .due = executor().now() + std::chrono::hours{1}}};
  EXPECT_TRUE(settle_now(*consumer, executor(), {{.token = received[1].token, .outcome = retry}})[0]);
  EXPECT_TRUE(settle_now(*consumer, executor(), {{.token = received[2].token, .outcome = transport::Accept{}}})[0]);
  EXPECT_TRUE(buried.wait(0, executor().now()).empty()) << "it waits for its topic";
  refuses = true;
  const auto answers = buried.wait(1, soon());
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers.at(0).error().message, "a policy forbids it");
}

TEST_F(KafkaConsumerBrokerTest, WhatWaitsBehindASettlementThatTakesLongIsRefusedAtItsDeadline) {
  publish(1);
  Gate gate{executor()};
  AnswersHere first{executor()}, second{executor()};
  MemberSpec spec = member();
  spec.ensure_topic = [&](const std::string& name) {
    gate.pass(soon());
    return ensure_own_topic(cluster(), name);
  };
  const auto bell = std::make_shared<Bell>(executor());
  const auto one =
      KafkaMember::join(shared_cluster(), Producer::open(shared_cluster(), {}).value(), std::move(spec), bell).value();
  transport::Batch batch;
  const Time deadline = soon();
  while (batch.deliveries.size() < 2 && executor().now() < deadline) {
    const std::uint64_t heard = bell->rings();
    Room room{.records = 2 - batch.deliveries.size(), .bytes = 1'000'000};
    one->take(room, batch);
    if (batch.deliveries.size() < 2) bell->wait(heard, deadline);
  }
  ASSERT_EQ(batch.deliveries.size(), 2u);
  const auto bury = [&](std::size_t i, AnswersHere& answers, Time until) {
    const auto call = std::make_shared<SettleCall>();
    call->settled = answers.taker();
    call->deadline = until;
    one->settle({call, {{.token = batch.deliveries[i].token, .outcome = kFailed}}, {}});
  };
  bury(0, first, soon());
  ASSERT_TRUE(gate.is_reached(soon()));
  const Time until = executor().now() + std::chrono::milliseconds{300};
  bury(1, second, until);
  const auto refused = second.wait(1, soon());
  EXPECT_GE(executor().now(), until);
  ASSERT_EQ(refused.size(), 1u);
  ASSERT_FALSE(refused.at(0));
  EXPECT_EQ(refused.at(0).error().kind, ErrorKind::unavailable);
  EXPECT_TRUE(first.wait(0, executor().now()).empty()) << "the gate is shut";
  gate.open();
  EXPECT_TRUE(first.wait(1, soon()).at(0));
}

}  // namespace
}  // namespace tidings::kafka
