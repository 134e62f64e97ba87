// P9: what is tried again because others do the same at the same time, and how often.
#include <utility>

#include "transport/kafka/broker_here.hpp"
#include "transport/kafka/catalog.hpp"
#include "transport/kafka/expired_counts.hpp"

namespace tidings::kafka {
namespace {

// Real threads and the system's clock. Whoever draws a random number has others come first: a put of a control record
// does so between what it has read and what it sends. One that came too late draws another, to repair the record.
class OvertakenExecutor final : public Executor {
 public:
  Time now() const override { return real_->now(); }
  std::unique_ptr<Condition> condition() override { return real_->condition(); }
  std::unique_ptr<Thread> spawn(std::string name, std::function<void()> body) override {
    return real_->spawn(std::move(name), std::move(body));
  }
  void sleep_until(Time deadline) override { real_->sleep_until(deadline); }
  std::uint64_t random() override {
    if (is_put_ && left == 0) return real_->random();
    if (is_put_) {
      --left;
      overtake();
    }
    is_put_ = !is_put_;
    return real_->random();
  }
  Moment next_moment() override { return real_->next_moment(); }

  int left = 0;  // how often yet
  std::function<void()> overtake;

 private:
  bool is_put_ = true;
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
  // How often others came first while `what` ran.
  template <class What>
  int overtaken(int times, const What& what) {
    overtaken_->left = times;
    what();
    return times - std::exchange(overtaken_->left, 0);
  }

  std::shared_ptr<OvertakenExecutor> overtaken_ = std::make_shared<OvertakenExecutor>();
  std::shared_ptr<ControlLog> others_;
  std::shared_ptr<Cluster> slow_;
  std::shared_ptr<ControlLog> log_;
};

TEST_F(ContentionBrokerTest, ATopicThatOthersDeclareAllTheTimeIsAConflict) {
  Catalog others{shared_cluster(), others_}, catalog{slow_, log_};
  ASSERT_TRUE(others.declare({.topics = {{.name = "orders"}}, .published = {}}));
  overtaken_->overtake = [&] {
    const auto fact = others.facts().of("orders");
    EXPECT_TRUE(fact && others.facts().put("orders", *fact));
  };
  const transport::Declaration wanted{.topics = {{.name = "orders", .retention = {.age = std::chrono::hours{1}}}},
                                      .published = {}};
  Result<void> declared;
  EXPECT_EQ(overtaken(kAlways, [&] { declared = catalog.declare(wanted); }), kTries);
  ASSERT_FALSE(declared);
  EXPECT_EQ(declared.error().kind, ErrorKind::conflict);
  EXPECT_THAT(declared.error().message, ::testing::HasSubstr("try again"));
  EXPECT_EQ(others.facts().of("orders")->retention.age, std::nullopt);
  EXPECT_EQ(overtaken(kTries - 1, [&] { declared = catalog.declare(wanted); }), kTries - 1);
  EXPECT_TRUE(declared) << "the last try";
  EXPECT_EQ(others.facts().of("orders")->retention.age, std::chrono::hours{1});
}

TEST_F(ContentionBrokerTest, ALossThatOthersCountAllTheTimeIsAConflict) {
  ExpiredCounts others{others_}, counts{log_};
  ASSERT_TRUE(others.add("g", "orders", 1));
  overtaken_->overtake = [&] { EXPECT_TRUE(others.add("g", "orders", 1)); };
  Result<void> added;
  EXPECT_EQ(overtaken(kAlways, [&] { added = counts.add("g", "orders", 100); }), kTries);
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().kind, ErrorKind::conflict);
  EXPECT_EQ(overtaken(kTries - 1, [&] { added = counts.add("g", "orders", 100); }), kTries - 1);
  EXPECT_TRUE(added) << "the last try";
  EXPECT_THAT(others.all().value(), ::testing::ElementsAre(::testing::Pair(std::pair{"g", "orders"}, 120u)));
}

}  // namespace
}  // namespace tidings::kafka
