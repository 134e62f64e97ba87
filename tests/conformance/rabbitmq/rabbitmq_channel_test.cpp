// D15, D4: what a server closes, or takes away, under who uses it; and what it must not close.
#include <algorithm>
#include <sstream>

#include "tests/conformance/rabbitmq/rabbitmq_failures.hpp"
#include "transport/rabbitmq/format/amqp_names.hpp"

namespace tidings::conformance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::IsEmpty;
using ::testing::Not;

// Consumers may hold an event so long; it is looked at so often. For channels that are opened from then on.
constexpr milliseconds kConsumerTimeout{2'000}, kUsualTimeout{1'800'000}, kTick{500};

class RabbitmqChannels : public RabbitmqFailures {
 protected:
  rabbitmq::Names names() { return rabbitmq::Names{rabbitmq().prefix()}; }
  std::string queue() { return names().queue_of_topic("shop", kTasks) + ".0"; }
  // Type and consumers, as the server says them; empty: it is not there.
  std::string state_of(const std::string& queue) {
    std::istringstream lines{ctl({"-q", "list_queues", "--no-table-headers", "name", "type", "consumers"})};
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with(queue + "\t")) return line.substr(queue.size() + 1);
    }
    return "";
  }
  void remove_queue(const std::string& name) { ctl({"delete_queue", name}); }
  void remove_exchange(const std::string& name) {
    ctl({"eval", "rabbit_exchange:delete(" + resource("exchange", name) + ", false, <<\"test\">>)."});
  }
  // In its place, as another service would declare it. Nobody else makes one meanwhile.
  void replace_by_a_classic_queue(const std::string& name) {
    allow_making("^$");
    remove_queue(name);
    ctl({"eval", "rabbit_amqqueue:declare(" + resource("queue", name) + ", true, false, [], none, <<\"test\">>)."});
    allow_making(".*");
  }
  void allow_making(const std::string& names) { ctl({"set_permissions", "guest", names, ".*", ".*"}); }
  void time_consumers_out_after(milliseconds time) {
    ctl({"eval", "application:set_env(rabbit, consumer_timeout, " + std::to_string(time.count()) +
                     "), application:set_env(rabbit, channel_tick_interval, " + std::to_string(kTick.count()) + ")."});
  }
  static std::string resource(const std::string& kind, const std::string& name) {
    return "rabbit_misc:r(<<\"/\">>, " + kind + ", <<\"" + name + "\">>)";
  }
  void expect_that_nobody_paid() {
    for (const char* instance : {"worker-1", "worker-2", "feeder-1", "feeder-2"}) EXPECT_TRUE(running(instance));
    EXPECT_THAT(overtaking(entries(), history(kTasks)), IsEmpty());
    EXPECT_THAT(dead_letters(), IsEmpty());
  }
};

// What was in it is gone, but for the topic's history.
TEST_P(RabbitmqChannels, P10AQueueThatIsDeletedUnderItsConsumerIsMadeAgain) {
  begin_traffic();
  ASSERT_TRUE(all_flows(kBackWithin));
  remove_queue(queue());
  ASSERT_TRUE(all_flows(kBackWithin));
  EXPECT_TRUE(look_until(kBackWithin, [&] { return state_of(queue()) == "quorum\t1"; })) << state_of(queue());
  expect_that_nobody_paid();
}

// 404 to publishers.
TEST_P(RabbitmqChannels, P10AnExchangeThatIsDeletedUnderItsPublishersIsMadeAgain) {
  begin_traffic();
  ASSERT_TRUE(all_flows(kBackWithin));
  remove_exchange(names().events());
  ASSERT_TRUE(all_flows(kBackWithin));
  expect_the_books_to_balance(Stands::again);
}

// 406 to who declares it anew.
TEST_P(RabbitmqChannels, P10AQueueThatOthersMadeOtherwiseIsWaitedOut) {
  begin_traffic();
  ASSERT_TRUE(all_flows(kBackWithin));
  replace_by_a_classic_queue(queue());
  pass(seconds{3});
  EXPECT_EQ(state_of(queue()), "classic\t0") << "nobody takes it for ours";
  EXPECT_TRUE(running("worker-1") && running("worker-2"));
  remove_queue(queue());
  ASSERT_TRUE(all_flows(kBackWithin));
  EXPECT_TRUE(look_until(kBackWithin, [&] { return state_of(queue()) == "quorum\t1"; })) << state_of(queue());
  expect_that_nobody_paid();
}

// 406 to who holds an event for too long.
TEST_P(RabbitmqChannels, P10AConsumerThatTheServerTimesOutGoesOn) {
  time_consumers_out_after(kConsumerTimeout);
  work({.concurrency = 4});
  send({{{.number = 1}, "short"}});
  ASSERT_TRUE(settled()) << "its channels are open";
  time_consumers_out_after(kUsualTimeout);
  const auto takes = 3 * kConsumerTimeout;
  send({{{.number = 2, .takes = takes}, "long"}, {{.number = 3}, "long"}, {{.number = 4}, "short"}});
  ASSERT_TRUE(settled("shop", 2 * takes));
  std::vector<int> begun;
  for (const Entry& entry : entries("begin")) {
    if (entry.key == "long") begun.push_back(entry.number);
    EXPECT_EQ(entry.attempt, 1);
  }
  EXPECT_EQ(std::ranges::count(begun, 2), 2) << "it was timed out, and came again";
  EXPECT_EQ(begun.back(), 3);
  EXPECT_THAT(overtaking(entries(), history(kTasks)), IsEmpty());
  EXPECT_THAT(dead_letters(), IsEmpty());
  EXPECT_TRUE(running("worker"));
}

class RabbitmqHeartbeats : public RabbitmqFailures {
 protected:
  static constexpr seconds kBeat{1};

  // Those that stand for as long as their process does, by purpose and port.
  std::vector<std::string> connections() {
    std::istringstream lines{ctl({"-q", "list_connections", "--no-table-headers", "client_properties", "peer_port"})};
    std::vector<std::string> found;
    for (std::string line; std::getline(lines, line);) {
      const bool is_passing = line.find("tidings requests") != line.npos || line.find("tidings questions") != line.npos;
      if (!is_passing) found.push_back(line);
    }
    std::ranges::sort(found);
    return found;
  }
};

TEST_P(RabbitmqHeartbeats, AreKeptWhileAHandlerRunsLong) {
  work();
  send({{{.number = 1}}});
  ASSERT_TRUE(settled());
  const auto before = connections();
  ASSERT_THAT(before, Not(IsEmpty()));
  send({{{.number = 2, .takes = 6 * kBeat}}});
  ASSERT_TRUE(within(6 * kBeat, [&] { return count("end") == 2; }));
  EXPECT_EQ(connections(), before);
  ASSERT_TRUE(settled());
  EXPECT_EQ(count("begin"), 2u) << "nothing came again";
}

TEST_P(RabbitmqHeartbeats, ACheckIsTrueAlsoAfterNobodyAskedForLong) {
  ASSERT_TRUE(here().check(soon()));
  pass(4 * kBeat);
  const auto checked = here().check(soon());
  EXPECT_TRUE(checked) << checked.error().message;
}

Driver driver(const std::string& options) {
  return {"rabbitmq",
          [options](Room) { return std::make_unique<RabbitmqFixture>(std::make_unique<RabbitmqServers>(), options); }};
}

INSTANTIATE_TEST_SUITE_P(Rabbitmq, RabbitmqChannels, ::testing::Values(driver("")), driver_name);
INSTANTIATE_TEST_SUITE_P(Rabbitmq, RabbitmqHeartbeats, ::testing::Values(driver("&heartbeat=1s")), driver_name);

}  // namespace
}  // namespace tidings::conformance
