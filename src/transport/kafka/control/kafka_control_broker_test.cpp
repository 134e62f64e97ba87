#include "transport/kafka/broker_here.hpp"
#include "transport/kafka/control/kafka_control.hpp"

namespace tidings::kafka {
namespace {

using transport::PutOptions;

class KafkaControlBrokerTest : public BrokerHere {
 protected:
  KafkaControl control() { return {std::make_shared<ControlLog>(open()), ControlSpace::users}; }
};

TEST_F(KafkaControlBrokerTest, ShowsOthersWhatWasPut) {
  auto here = control();
  auto elsewhere = control();
  const auto nothing = elsewhere.get("pauses/g");
  ASSERT_TRUE(nothing) << nothing.error().message;
  EXPECT_FALSE(*nothing);
  const auto version = here.put("pauses/g", "on", {});
  ASSERT_TRUE(version) << version.error().message;
  const auto found = elsewhere.get("pauses/g").value();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->key, "pauses/g");
  EXPECT_EQ(found->value, "on");
  EXPECT_EQ(found->version, *version);
}

TEST_F(KafkaControlBrokerTest, ChangesOnlyTheExpectedVersion) {
  auto here = control();
  const auto first = here.put("a", "1", PutOptions{.expected = 0});
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(here.put("a", "2", PutOptions{.expected = 0}).error().kind, ErrorKind::conflict);
  EXPECT_TRUE(here.put("a", "2", PutOptions{.expected = *first}));
  EXPECT_FALSE(here.put("a", std::nullopt, PutOptions{.expected = *first}));
  EXPECT_FALSE(here.put("b", "2", PutOptions{.expected = 77}));
  EXPECT_EQ(here.get("a").value()->value, "2");
  EXPECT_FALSE(here.get("b").value());
  EXPECT_EQ(control().get("a").value()->value, "2");
}

TEST_F(KafkaControlBrokerTest, ForgetsWhatExpired) {
  auto here = control();
  const auto expires = executor().now() + std::chrono::milliseconds{50};
  ASSERT_TRUE(here.put("a", "v", PutOptions{.expires = expires}));
  executor().sleep_until(expires);
  EXPECT_TRUE(here.list("").value().empty());
  EXPECT_TRUE(here.put("a", "again", PutOptions{.expected = 0}));
}

TEST_F(KafkaControlBrokerTest, LosesNoIncrement) {
  constexpr int kThreads = 4;
  constexpr int kIncrements = 10;
  ASSERT_TRUE(control().put("counter", "0", {}));
  {
    std::vector<std::unique_ptr<Thread>> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.push_back(executor().spawn("increment", [this] {
        auto mine = control();
        for (int done = 0; done < kIncrements;) {
          const auto present = mine.get("counter").value().value();
          const auto next = std::to_string(std::stoi(present.value) + 1);
          if (mine.put("counter", next, PutOptions{.expected = present.version})) ++done;
        }
      }));
    }
  }
  EXPECT_EQ(control().get("counter").value()->value, std::to_string(kThreads * kIncrements));
}

TEST_F(KafkaControlBrokerTest, WakesWatchersAndHidesTheDriversOwn) {
  const auto log = std::make_shared<ControlLog>(open());
  KafkaControl users{log, ControlSpace::users};
  KafkaControl driver{log, ControlSpace::driver};
  const auto seen = users.watch(0, soon()).value();
  ASSERT_TRUE(driver.put("a", "v", {}));
  EXPECT_TRUE(users.list("").value().empty());
  EXPECT_EQ(users.watch(seen, executor().now()).value(), seen);
  const auto later = executor().spawn("later", [this] { EXPECT_TRUE(control().put("a", "v", {})); });
  EXPECT_GT(users.watch(seen, soon()).value(), seen);
}

}  // namespace
}  // namespace tidings::kafka
