// A broker that stands still for a while, of its own: nobody else's is disturbed. It is started only where
// TIDINGS_KAFKA_URL says that brokers may be used.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <mutex>
#include <numeric>

#include "tests/support/child_process.hpp"
#include "tests/support/scratch_directory.hpp"
#include "transport/kafka/admin/own_topics.hpp"
#include "transport/kafka/admin/topic_admin.hpp"
#include "transport/kafka/admin/topic_reader.hpp"
#include "transport/kafka/publish/producer.hpp"

namespace tidings::kafka {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

class ProducerOutageBrokerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    script({"up", broker_, "--while", std::to_string(::getpid())});
    const auto options = options_from(transport::parse_url(content_of(broker_ / "url")).value());
    auto opened = Cluster::open(options.value(), executor_);
    ASSERT_TRUE(opened) << opened.error().message;
    cluster_ = *std::move(opened);
    const NewTopic orders{.name = topic_, .partitions = 1, .config = {}};
    ASSERT_TRUE(create_topics(*cluster_, {&orders, 1}));
  }
  void TearDown() override {
    if (!cluster_) return;
    cluster_.reset();
    signal(SIGCONT);
    script({"down", broker_});
  }

  void signal(int number) const {
    const int pid = std::atoi(content_of(broker_ / "1" / "pid").c_str());
    ASSERT_GT(pid, 0);
    ::kill(pid, number);
  }
  Cluster& cluster() { return *cluster_; }
  Time executor_now() { return executor_->now(); }
  Time in(Duration time) { return executor_->now() + time; }
  std::shared_ptr<Producer> producer(const transport::PublisherOptions& options) {
    return Producer::open(cluster_, options).value();
  }
  void publish(Producer& to, int first, int count) {
    std::vector<Message> messages;
    for (int i = first; i < first + count; ++i) {
      messages.push_back({.topic = topic_,
                          .record = {.topic = topic_, .key = "k", .body = std::to_string(i)},
                          .copy = {},
                          .partition = {},
                          .answered = [this](Result<void> outcome) {
                            const std::lock_guard lock{mutex_};
                            outcomes_.push_back(std::move(outcome));
                          }});
    }
    to.send(std::move(messages));
  }
  std::vector<Result<void>> outcomes() {
    const std::lock_guard lock{mutex_};
    return outcomes_;
  }
  std::vector<int> read() {
    std::vector<int> found;
    const auto spans = whole(*cluster_, {&topic_, 1}).value();
    EXPECT_TRUE(read_range(*cluster_, spans, [&](const rd_kafka_message_t& message) {
      found.push_back(std::stoi(std::string{static_cast<const char*>(message.payload), message.len}));
      return true;
    }));
    return found;
  }

 private:
  static std::string content_of(const std::filesystem::path& file) {
    std::ifstream in{file};
    std::string line;
    std::getline(in, line);
    return line;
  }
  void script(const std::vector<std::string>& arguments) {
    testing::ChildProcess run{{.program = KAFKA_SCRIPT, .arguments = arguments}};
    ASSERT_EQ(run.wait(std::chrono::minutes{2}), testing::ChildExit{.code = 0}) << run.error_output();
  }

  testing::ScratchDirectory scratch_;
  const std::filesystem::path broker_ = scratch_ / "broker";
  const std::shared_ptr<Executor> executor_ = thread_executor();
  std::shared_ptr<Cluster> cluster_;
  std::string topic_ = "orders";
  std::mutex mutex_;
  std::vector<Result<void>> outcomes_;
};

TEST_F(ProducerOutageBrokerTest, ConfirmsEachOnceInOrderWhenTheBrokerIsBack) {
  const auto to = producer({.buffer_records_max = 100});
  publish(*to, 0, 10);
  ASSERT_TRUE(to->flush(in(seconds{20})));
  signal(SIGSTOP);
  publish(*to, 10, 100);
  const auto flushed = to->flush(in(seconds{1}));
  ASSERT_FALSE(flushed);
  EXPECT_THAT(flushed.error().message, HasSubstr("'orders'"));
  EXPECT_EQ(outcomes().size(), 10u) << "none is answered before it is confirmed";
  publish(*to, 110, 1);
  ASSERT_EQ(outcomes().size(), 11u) << "no room";
  EXPECT_EQ(outcomes().back().error().kind, ErrorKind::overloaded);
  signal(SIGCONT);
  ASSERT_TRUE(to->flush(in(seconds{25})));
  publish(*to, 110, 10);
  ASSERT_TRUE(to->flush(in(seconds{20})));
  std::vector<int> all(120);
  std::iota(all.begin(), all.end(), 0);
  EXPECT_EQ(read(), all);
}

TEST_F(ProducerOutageBrokerTest, RefusesWhatIsNotConfirmedInTimeAndGoesOnInOrder) {
  const auto to = producer({.deliver_within = seconds{2}});
  publish(*to, 0, 10);
  ASSERT_TRUE(to->flush(in(seconds{20})));
  signal(SIGSTOP);
  publish(*to, 10, 10);
  ASSERT_TRUE(to->flush(in(seconds{10}))) << "each is answered soon after deliver_within";
  const auto answers = outcomes();
  ASSERT_EQ(answers.size(), 20u);
  for (std::size_t i = 10; i < 20; ++i) {
    ASSERT_FALSE(answers[i]);
    EXPECT_EQ(answers[i].error().kind, ErrorKind::unavailable);
    EXPECT_THAT(answers[i].error().message, HasSubstr("may or may not be there"));
  }
  signal(SIGCONT);
  int next = 20;
  for (const Time deadline = in(seconds{30}); executor_now() < deadline && (next == 20 || !outcomes().back());) {
    publish(*to, next++, 1);
    ASSERT_TRUE(to->flush(in(seconds{10})));
  }
  ASSERT_TRUE(outcomes().back()) << outcomes().back().error().message;
  const auto found = read();
  EXPECT_TRUE(std::ranges::is_sorted(found));
  EXPECT_EQ(std::ranges::adjacent_find(found), found.end()) << "twice";
  EXPECT_EQ(found.back(), next - 1);
}

TEST_F(ProducerOutageBrokerTest, AnswersAllWhenItIsClosedWhileTheBrokerStandsStill) {
  const auto to = producer({});
  publish(*to, 0, 1);
  ASSERT_TRUE(to->flush(in(seconds{20})));
  signal(SIGSTOP);
  publish(*to, 1, 1'000);
  const Time begin = in(seconds{0});
  to->close(in(seconds{1}));
  EXPECT_LT(executor_now() - begin, seconds{5});
  const auto answers = outcomes();
  ASSERT_EQ(answers.size(), 1'001u);
  for (std::size_t i = 1; i < answers.size(); ++i) EXPECT_EQ(answers[i].error().kind, ErrorKind::unavailable);
}

// Broken while the broker stands still: what may be on its way is sent again, and all of it comes in order.
TEST_F(ProducerOutageBrokerTest, SurvivesAFatalErrorWhileTheBrokerStandsStill) {
  const auto to = producer({});
  publish(*to, 0, 10);
  ASSERT_TRUE(to->flush(in(seconds{20})));
  signal(SIGSTOP);
  publish(*to, 10, 50);
  to->break_client();
  EXPECT_FALSE(to->flush(in(seconds{4})));
  publish(*to, 60, 10);
  signal(SIGCONT);
  ASSERT_TRUE(to->flush(in(seconds{25})));
  for (const auto& answer : outcomes()) EXPECT_TRUE(answer) << answer.error().message;
  int next = 0;
  for (const int number : read()) {
    ASSERT_LE(number, next);
    if (number == next) ++next;
  }
  EXPECT_EQ(next, 70);
}

// A topic of dead letters, of one whose partitions are not known any more.
TEST_F(ProducerOutageBrokerTest, NoTopicOfOursIsWaitedForBeyondItsDeadline) {
  constexpr Duration kWithin = seconds{1};
  signal(SIGSTOP);
  const Time begun = executor_now();
  const auto made = ensure_own_topic(cluster(), cluster().names().dead_letters("orders"), begun + kWithin);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind, ErrorKind::unavailable);
  EXPECT_LT(executor_now() - begun, 10 * kWithin);
  signal(SIGCONT);
  EXPECT_TRUE(ensure_own_topic(cluster(), cluster().names().dead_letters("orders"), in(seconds{20})));
}

}  // namespace
}  // namespace tidings::kafka
