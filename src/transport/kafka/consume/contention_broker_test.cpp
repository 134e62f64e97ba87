// P9: what is tried again because others do the same at the same time, and how often.
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "transport/kafka/admin/topic_admin.hpp"
#include "transport/kafka/broker_here.hpp"
#include "transport/kafka/consume/transactional_client.hpp"
#include "transport/kafka/control/catalog.hpp"
#include "transport/kafka/operate/expired_counts.hpp"
#include "transport/kafka/operate/kafka_dead_letters.hpp"

namespace tidings::kafka {
namespace {

// Real threads and the system's clock. Where the thread that made it draws a random number, or looks at the clock, a
// test lets others come first.
class OvertakenExecutor final : public Executor {
 public:
  Time now() const override {
    if (at_now && is_here()) at_now();
    return real_->now();
  }
  Duration uptime() const override { return real_->uptime(); }
  std::unique_ptr<Condition> condition() override { return real_->condition(); }
  std::unique_ptr<Thread> spawn(std::string name, std::function<void()> body) override {
    return real_->spawn(std::move(name), std::move(body));
  }
  // What comes at every look at the clock needs no pauses.
  void sleep_until(Time deadline) override {
    if (!at_now || !is_here()) real_->sleep_until(deadline);
  }
  std::uint64_t random() override {
    if (at_random && is_here()) at_random();
    return real_->random();
  }
  Moment next_moment() override { return real_->next_moment(); }

  std::function<void()> at_now, at_random;

 private:
  bool is_here() const { return std::this_thread::get_id() == here_; }

  const std::thread::id here_ = std::this_thread::get_id();
  const std::shared_ptr<Executor> real_ = thread_executor();
};

class ContentionBrokerTest : public BrokerHere {
 protected:
  static constexpr int kAlways = 1'000;
  static constexpr int kTries = 10;  // kAgreeTriesMax, kAddTriesMax

  void SetUp() override {
    BrokerHere::SetUp();
    if (IsSkipped()) return;
    others_ = std::make_shared<ControlLog>(shared_cluster());
    slow_ = Cluster::open(cluster().options(), overtaken_).value();
    log_ = std::make_shared<ControlLog>(slow_);
  }
  // Runs `what`; so often `others` put a control record between what it has read and what it puts. Returns how often
  // they did. A put draws a random number then; one that came too late another, to repair the record.
  int overtaken(int times, const std::function<void()>& others, const std::function<void()>& what) {
    int left = times;
    bool is_put = true;
    overtaken_->at_random = [&] {
      if (is_put && left == 0) return;
      if (is_put) others();
      left -= is_put ? 1 : 0;
      is_put = !is_put;
    };
    what();
    overtaken_->at_random = nullptr;
    return times - left;
  }

  std::shared_ptr<OvertakenExecutor> overtaken_ = std::make_shared<OvertakenExecutor>();
  std::shared_ptr<ControlLog> others_;
  std::shared_ptr<Cluster> slow_;
  std::shared_ptr<ControlLog> log_;
};

TEST_F(ContentionBrokerTest, ATopicThatOthersDeclareAllTheTimeIsAConflict) {
  Catalog others{shared_cluster(), others_}, catalog{slow_, log_};
  ASSERT_TRUE(others.declare({.topics = {{.name = "orders"}}, .published = {}}));
  const auto put = [&] {
    const auto fact = others.facts().of("orders");
    EXPECT_TRUE(fact && others.facts().put("orders", *fact));
  };
  const transport::Declaration wanted{.topics = {{.name = "orders", .retention = {.age = std::chrono::hours{1}}}},
                                      .published = {}};
  Result<void> declared;
  EXPECT_EQ(overtaken(kAlways, put, [&] { declared = catalog.declare(wanted); }), kTries);
  ASSERT_FALSE(declared);
  EXPECT_EQ(declared.error().kind, ErrorKind::conflict);
  EXPECT_THAT(declared.error().message, ::testing::HasSubstr("try again"));
  EXPECT_EQ(others.facts().of("orders")->retention.age, std::nullopt);
  EXPECT_EQ(overtaken(kTries - 1, put, [&] { declared = catalog.declare(wanted); }), kTries - 1);
  EXPECT_TRUE(declared) << "the last try";
  EXPECT_EQ(others.facts().of("orders")->retention.age, std::chrono::hours{1});
}

TEST_F(ContentionBrokerTest, ALossThatOthersCountAllTheTimeIsAConflict) {
  ExpiredCounts others{others_}, counts{log_};
  ASSERT_TRUE(others.add("g", "orders", 1));
  const auto add = [&] { EXPECT_TRUE(others.add("g", "orders", 1)); };
  Result<void> added;
  EXPECT_EQ(overtaken(kAlways, add, [&] { added = counts.add("g", "orders", 100); }), kTries);
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().kind, ErrorKind::conflict);
  EXPECT_EQ(overtaken(kTries - 1, add, [&] { added = counts.add("g", "orders", 100); }), kTries - 1);
  EXPECT_TRUE(added) << "the last try";
  EXPECT_THAT(others.all().value(), ::testing::ElementsAre(::testing::Pair(std::pair{"g", "orders"}, 120u)));
}

// Whoever opens a client for the states of dead letters ends what another has under way.
TEST_F(ContentionBrokerTest, DeadLettersThatOthersCloseAllTheTimeAreAConflict) {
  constexpr int kPauses = 7;  // kFencedTriesMax, less one
  constexpr int kOften = 8;   // of some hundred looks at the clock in each try
  const std::string topic = cluster().names().dead_letters("orders");
  const NewTopic letters{.name = topic, .partitions = 1};
  ASSERT_TRUE(create_topics(cluster(), {&letters, 1}));
  Copy copy{.group = "g", .subscription = "orders", .topic = "orders", .position = {0, 7}, .reason = "failed"};
  copy.buried = executor().now();
  send(topic, {{.topic = "orders", .id = "0", .body = "b"}}, copy);
  KafkaDeadLetters dead{slow_, make_registrations(slow_, log_)};
  const std::vector<std::string> ids{dead.browse({}, "", 1).value().at(0).id};

  int pauses = 0, until = kAlways, looks = 0;
  const auto come_first = [&] {
    const std::string id = cluster().names().on_cluster("tidings.dead");
    if (++looks % kOften == 0) {
      EXPECT_TRUE(TransactionalClient::open(cluster(), id));
    }
  };
  overtaken_->at_random = [&] {
    if (++pauses == until) overtaken_->at_now = nullptr;
  };
  overtaken_->at_now = come_first;
  const auto refused = dead.discard(ids);
  ASSERT_FALSE(refused.at(0));
  EXPECT_EQ(refused.at(0).error().kind, ErrorKind::conflict);
  EXPECT_EQ(pauses, kPauses);
  pauses = 0;
  until = kPauses;
  const auto discarded = dead.discard(ids);
  EXPECT_EQ(pauses, kPauses);
  ASSERT_TRUE(discarded.at(0)) << discarded.at(0).error().message;
  EXPECT_TRUE(*discarded.at(0)) << "the last try";
}

}  // namespace
}  // namespace tidings::kafka
