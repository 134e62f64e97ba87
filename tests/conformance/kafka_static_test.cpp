// C9: members with a name of their own, on a real broker: restarts, hand-overs, handlers that take long, two of one
// name, and processes that hang.
#include <gmock/gmock.h>

#include <csignal>
#include <iostream>

#include "tests/conformance/child_processes.hpp"
#include "tests/conformance/conformance.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/scratch_directory.hpp"
#include "tidings/bus.hpp"
#include "tidings/json.hpp"
#include "transport/kafka/admin/group_admin.hpp"
#include "transport/kafka/admin/topic_admin.hpp"
#include "transport/kafka/broker_here.hpp"
#include "transport/kafka/client/kafka_limits.hpp"
#include "transport/kafka/kafka_transport.hpp"

namespace tidings::kafka {
namespace {

using conformance::Entry;
using conformance::Reader;
using conformance::Task;
using conformance::WorkerPlan;
using transport::Notice;

constexpr std::int32_t kPartitions = 4;
constexpr Duration kShortSession = std::chrono::seconds{4};

class KafkaStatic : public BrokerHere {
 protected:
  void SetUp() override {
    BrokerHere::SetUp();
    if (IsSkipped()) return;
    use("4s");
    const auto here = open_transport();
    ASSERT_TRUE(here->declare({.topics = {{.name = conformance::kTasks, .partitions = kPartitions}},
                               .published = {{"Task", conformance::kTasks}}}));
  }
  void TearDown() override {
    const auto topics = cluster().topics();
    if (!topics) return;
    std::vector<std::string> ours;
    for (const auto& [name, partitions] : *topics) {
      if (name.starts_with(cluster().options().prefix)) ours.push_back(name);
    }
    (void)delete_topics(cluster(), ours);
  }
  // Whatever is opened from now on.
  void use(const std::string& session, const std::string& more = "") {
    url_ = "kafka://" + cluster().options().brokers +
           "?create_topics=yes&commit_every=5ms&linger=0ms&revoke_within=2s" + "&prefix=" + cluster().options().prefix +
           "&session_timeout=" + session + more;
  }
  std::unique_ptr<transport::Transport> open_transport() {
    auto opened = open_kafka(transport::parse_url(url_).value(), thread_executor());
    if (!opened) throw std::runtime_error{opened.error().message};
    return *std::move(opened);
  }
  // A member of the test's own process.
  Reader join(transport::Transport& transport, const std::string& instance) {
    auto joined = transport.consumer(
        {.group = "shop", .instance = instance, .instance_is_stable = true, .topic = conformance::kTasks});
    EXPECT_TRUE(joined) << joined.error().message;
    return Reader{*std::move(joined), executor()};
  }
  // One that can be killed.
  std::unique_ptr<conformance::WorkerProcess> work(const std::string& instance) {
    return conformance::start_worker(url_, scratch_.path(),
                                     {.instance = instance, .concurrency = 8, .notes_accepted = true}, {})
        .value();
  }
  // Events of so many keys, which lie in all partitions.
  void publish(int first, int count, std::chrono::milliseconds takes = {}) {
    Bus bus{open_transport(), thread_executor(), BusOptions{.name = "client"}};
    bus.publishes<Task>();
    ASSERT_TRUE(bus.start());
    for (int number = first; number < first + count; ++number) {
      const std::string text = std::to_string(number);
      bus.publish_async(Task{.number = number, .takes = takes}, {.id = text, .aggregate_id = "k" + text},
                        [](const Result<void>& outcome) { EXPECT_TRUE(outcome) << outcome.error().message; });
    }
    EXPECT_TRUE(bus.flush(soon()));
  }
  // Who owns how many.
  std::map<std::string, std::size_t> shares() {
    std::map<std::string, std::size_t> shares;
    const auto group = live_group(cluster(), cluster().names().on_cluster("shop"));
    EXPECT_TRUE(group) << group.error().message;
    for (const LiveMember& member : group->members) shares[member.client_id] = member.partitions.size();
    return shares;
  }
  std::vector<Entry> entries(const std::string& step) {
    std::vector<Entry> found;
    for (const Entry& entry : conformance::Journal{scratch_.path()}.read()) {
      if (entry.step == step) found.push_back(entry);
    }
    return found;
  }
  // The reader receives meanwhile, and accepts what comes.
  bool within(Duration expected, Reader& reader, const std::function<bool()>& done) {
    const Time until = executor().now() + conformance::kPatience * expected;
    while (!done()) {
      if (executor().now() >= until) return false;
      accept_next(reader);
    }
    return true;
  }
  void accept_next(Reader& reader) {
    const std::size_t before = reader.received().size();
    reader.receive(executor().now() + std::chrono::milliseconds{50});
    const std::vector<transport::Delivery> came{reader.received().begin() + static_cast<std::ptrdiff_t>(before),
                                                reader.received().end()};
    if (!came.empty()) {
      EXPECT_TRUE(reader.accept(came));
    }
  }

  testing::ScratchDirectory scratch_;
  std::string url_;
};

TEST_F(KafkaStatic, ARestartTakesItsPartitionsBackAtOnceAndNoOtherMemberHearsOfIt) {
  constexpr Duration kLongSession = std::chrono::seconds{30};
  use("30s");
  auto first = work("one");
  const auto transport = open_transport();
  Reader other = join(*transport, "two");
  const std::map<std::string, std::size_t> halves{{"one", 2}, {"two", 2}};
  ASSERT_TRUE(within(std::chrono::seconds{3}, other, [&] { return shares() == halves; }));
  publish(0, 40);
  ASSERT_TRUE(
      within(std::chrono::seconds{1}, other, [&] { return entries("end").size() + other.received().size() == 40; }))
      << entries("end").size() << " and " << other.received().size();
  const std::size_t notices = other.notices().size();

  first->kill();
  const Time killed = executor().now();
  publish(40, 40);
  first = work("one");
  ASSERT_TRUE(
      within(std::chrono::seconds{2}, other, [&] { return entries("end").size() + other.received().size() >= 80; }));
  const Duration took = executor().now() - killed;
  std::cout << "back after " << std::chrono::duration<double>{took}.count() << " s\n";
  EXPECT_LT(took, kLongSession) << "as if it were a stranger";
  EXPECT_EQ(other.notices().size(), notices);
  EXPECT_EQ(shares(), halves);
}

TEST_F(KafkaStatic, WhatOneThatStaysAwayHadIsHandedOverWhenItsSessionEnds) {
  auto first = work("one");
  const auto transport = open_transport();
  Reader heir = join(*transport, "two");
  ASSERT_TRUE(within(std::chrono::seconds{3}, heir, [&] { return shares()["one"] == 2 && shares()["two"] == 2; }));
  first->kill();
  const Time killed = executor().now();
  publish(0, 40);
  const Duration takeover = transport->capabilities().takeover_max;
  ASSERT_EQ(takeover, kShortSession + std::chrono::seconds{2});
  ASSERT_TRUE(within(takeover, heir, [&] { return heir.received().size() == 40; }));
  const Duration took = executor().now() - killed;
  std::cout << "handed over after " << std::chrono::duration<double>{took}.count() << " s\n";
  // Its last word was a heartbeat, at most a tenth of the session old.
  EXPECT_GE(took, kShortSession * 9 / 10);
}

// C8: a decision is told once a commit says it.
TEST_F(KafkaStatic, NothingThatWasCommittedBeforeAKillIsHandledAgain) {
  constexpr int kCount = 400, kDecided = 100;
  auto worker = work("one");
  publish(0, kCount, std::chrono::milliseconds{40});  // two seconds, of which the kill comes in the first
  ASSERT_TRUE(testing::eventually([&] { return entries("decided").size() >= kDecided; }));
  worker->kill();
  const auto before = entries("decided");
  ASSERT_LT(before.size(), std::size_t{kCount}) << "it was to be killed on the way";
  worker = work("one");
  const auto transport = open_transport();
  ASSERT_TRUE(testing::eventually([&] {
    const auto lag = transport->operations().topology->lag();
    return lag && lag->size() == 1 && lag->front().unsettled == 0;
  }));
  std::map<std::string, int> runs;
  for (const Entry& entry : entries("begin")) ++runs[entry.id];
  for (const Entry& entry : before) EXPECT_EQ(runs[entry.id], 1) << entry.id;
  const auto again = std::ranges::count_if(runs, [](const auto& run) { return run.second > 1; });
  std::cout << before.size() << " were committed at the kill; " << again << " of the others were handled again\n";
  EXPECT_EQ(runs.size(), std::size_t{kCount});
}

// It is to give two of four up, and dies before it has. It comes back to the other two, and Kafka tells nobody.
TEST_F(KafkaStatic, WhatItWasToGiveUpWhenItDiedGoesToAnotherMember) {
  auto first = work("one");
  publish(0, 20, std::chrono::seconds{5});
  ASSERT_TRUE(testing::eventually([&] { return entries("begin").size() == 8; }));
  const auto transport = open_transport();
  Reader other = join(*transport, "two");
  const std::map<std::string, std::size_t> halfway{{"one", 2}, {"two", 0}}, halves{{"one", 2}, {"two", 2}};
  ASSERT_TRUE(testing::eventually([&] { return shares() == halfway; })) << "it waits for its handlers";
  first->kill();
  first = work("one");
  ASSERT_TRUE(within(std::chrono::seconds{20}, other, [&] { return shares() == halves; }));
  ASSERT_TRUE(within(std::chrono::seconds{2}, other, [&] {
    return live_group(cluster(), cluster().names().on_cluster("shop")).value().members.size() == 2u;
  })) << "who had the group put together anew is gone again";
}

// It receives nothing, and settles nothing, for longer than Kafka lets a consumer be silent.
TEST_F(KafkaStatic, AHandlerThatTakesLongKeepsItsPartitions) {
  constexpr Duration kSilence = std::chrono::seconds{7};
  use("4s", "&rdkafka.max.poll.interval.ms=4000");
  const auto transport = open_transport(), other_transport = open_transport();
  Reader busy = join(*transport, "one"), other = join(*other_transport, "two");
  const std::map<std::string, std::size_t> halves{{"one", 2}, {"two", 2}};
  ASSERT_TRUE(within(std::chrono::seconds{3}, other, [&] { return shares() == halves; }));
  publish(0, 40);
  const auto all = [&] {
    busy.receive(executor().now() + std::chrono::milliseconds{10});
    return busy.received().size() + other.received().size() == 40;
  };
  ASSERT_TRUE(within(std::chrono::seconds{1}, other, all));
  ASSERT_GT(busy.received().size(), 0u);
  const Time until = executor().now() + kSilence;
  ASSERT_TRUE(within(kSilence, other, [&] { return executor().now() >= until; }));
  EXPECT_EQ(shares(), halves);
  EXPECT_TRUE(busy.accept(busy.received()));
  busy.receive(executor().now() + std::chrono::milliseconds{100});
  EXPECT_FALSE(busy.noticed(Notice::Kind::lost));
  EXPECT_EQ(busy.received().size() + other.received().size(), 40u);
}

// Its session ends while it hangs, and others have what it had. When it goes on it is a member like others.
TEST_F(KafkaStatic, WhoHungForLongerThanItsSessionJoinsAgain) {
  testing::ChildProcess hanging{{.program = conformance::victim_process(url_, {}).program,
                                 .arguments = {url_, "work", scratch_.path(), to_json(WorkerPlan{}).value()}}};
  ASSERT_TRUE(hanging.wait_for_output("at work")) << hanging.error_output();
  publish(0, 10);
  ASSERT_TRUE(testing::eventually([&] { return entries("end").size() == 10; }));
  hanging.send(SIGSTOP);
  publish(10, 10);
  const auto transport = open_transport();
  Reader other = join(*transport, "two");
  ASSERT_TRUE(within(transport->capabilities().takeover_max, other, [&] { return other.received().size() >= 10; }))
      << "some of the first may come again: what was settled last was not committed";
  hanging.send(SIGCONT);
  const std::map<std::string, std::size_t> halves{{"worker", 2}, {"two", 2}};
  ASSERT_TRUE(within(std::chrono::seconds{3}, other, [&] { return shares() == halves; })) << hanging.error_output();
  publish(20, 40);
  ASSERT_TRUE(
      within(std::chrono::seconds{2}, other, [&] { return entries("end").size() + other.received().size() >= 60; }));
  EXPECT_GT(entries("end").size(), 10u);
  EXPECT_TRUE(hanging.running());
}

// An operator's mistake. The newer one has the name, as after a restart; they do not throw each other out in turn.
TEST_F(KafkaStatic, WhoIsFencedSaysSoAndComesBackWhenTheNameIsFree) {
  const auto old_transport = open_transport(), new_transport = open_transport();
  Reader fenced = join(*old_transport, "one");
  publish(0, 1);
  const auto held = fenced.next(1, soon());
  ASSERT_EQ(held.size(), 1u);
  std::optional<Reader> usurper{join(*new_transport, "one")};
  std::optional<Error> told;
  const auto hear = [&] {
    const auto batch = fenced.consumer().receive(1, executor().now() + std::chrono::milliseconds{50});
    told.reset();
    if (!batch) told = batch.error();
  };
  ASSERT_TRUE(within(std::chrono::seconds{3}, *usurper, [&] {
    hear();
    return told.has_value();
  }));
  EXPECT_EQ(told->kind, ErrorKind::conflict);
  EXPECT_THAT(told->message, ::testing::HasSubstr("another process runs under the instance name 'one'"));
  EXPECT_THAT(told->message, ::testing::HasSubstr("--instance"));
  EXPECT_EQ(fenced.settle(held[0], transport::Accept{}).error().kind, ErrorKind::conflict);
  ASSERT_TRUE(within(std::chrono::seconds{3}, *usurper, [&] { return usurper->received().size() == 1; }));
  // For longer than it takes to look again for the name.
  const std::size_t notices = usurper->notices().size();
  const Time until = executor().now() + 2 * kNameAskEvery;
  ASSERT_TRUE(within(2 * kNameAskEvery, *usurper, [&] {
    hear();
    EXPECT_TRUE(told);
    return executor().now() >= until;
  }));
  EXPECT_EQ(usurper->notices().size(), notices) << "nobody takes its partitions";
  publish(1, 10);
  ASSERT_TRUE(within(std::chrono::seconds{1}, *usurper, [&] { return usurper->received().size() == 11; }));

  usurper.reset();
  publish(11, 10);
  Reader back{std::move(fenced)};
  ASSERT_TRUE(within(kShortSession + kNameAskEvery, back, [&] { return back.received().size() == 1 + 10; }));
  EXPECT_EQ(shares(), (std::map<std::string, std::size_t>{{"one", kPartitions}}));
}

}  // namespace
}  // namespace tidings::kafka
