// C15: the same program on a real Kafka: of TIDINGS_KAFKA_URL, or the one that ctest started.
#include <csignal>
#include <cstdlib>
#include <fstream>

#include "tests/cli/program.hpp"

namespace tidings::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::UnorderedElementsAre;
using tidings::testing::ChildExit;
using tidings::testing::ChildProcess;
using tidings::testing::Ran;

std::string broker_url() {
  if (const char* given = std::getenv("TIDINGS_KAFKA_URL")) return given;
  std::ifstream file{KAFKA_BROKER "/url"};
  std::string url;
  std::getline(file, url);
  return url;
}

// Each test has a deployment of its own.
class KafkaProgram : public Program {
 protected:
  void SetUp() override {
    if (broker_url().empty()) GTEST_SKIP() << "no broker: run it by ctest, or set TIDINGS_KAFKA_URL";
    url_ = broker_url() + "?linger=0ms&prefix=t" + std::to_string(executor_->random() % 1'000'000'000) + ".";
  }
  std::unique_ptr<transport::Consumer> consumer(transport::Transport& transport, const std::string& group) const {
    auto joined = transport.consumer({.group = group, .instance = group + "-1", .topic = "orders"});
    EXPECT_TRUE(joined) << joined.error().message;
    return *std::move(joined);
  }
  // As they come: many at a time.
  void bury_all(transport::Consumer& consumer, std::size_t count) const {
    const Time deadline = executor_->now() + ChildProcess::kPatience;
    while (count > 0 && executor_->now() < deadline) {
      const auto batch = consumer.receive(count, deadline);
      ASSERT_TRUE(batch) << batch.error().message;
      std::vector<transport::Settlement> orders;
      for (const transport::Delivery& delivery : batch->deliveries) {
        orders.push_back({.token = delivery.token, .outcome = transport::Bury{.reason = "failed", .error = "no bank"}});
      }
      count -= orders.size();
      for (const auto& answer : settle_now(consumer, *executor_, std::move(orders))) EXPECT_TRUE(answer);
    }
    EXPECT_EQ(count, 0u);
  }
  // Ids of dead letters, as the table lists them.
  std::vector<std::string> dead_ids() const {
    std::istringstream lines{run({"dead", "list"}).output};
    std::vector<std::string> ids;
    std::string line;
    std::getline(lines, line);
    while (std::getline(lines, line)) ids.push_back(line.substr(0, line.find(' ')));
    return ids;
  }
};

// C5
TEST_F(KafkaProgram, CreatesTopicsAsTheErrorOfAMissingOneSays) {
  const Ran missing = run({"publish", "orders", "--type", "T", "--data", "1"});
  EXPECT_EQ(missing.exit, ChildExit{.code = 1});
  EXPECT_THAT(missing.error_output, HasSubstr("`tidings topics create orders`"));
  const std::vector<std::string> command{"topics", "create",       "orders", "--partitions", "3", "--replication",
                                         "1",      "--retain-age", "1d"};
  EXPECT_EQ(run(command).output, "topic orders created: 3 partitions, keeps 1d, also unsettled\n");
  EXPECT_THAT(run(command).output, HasSubstr("is there, and set like that"));
  const Ran other = run({"topics", "create", "orders", "--partitions", "4"});
  EXPECT_EQ(other.exit, ChildExit{.code = 1});
  EXPECT_THAT(other.error_output, HasSubstr("exists with 3 partitions"));
  EXPECT_THAT(run({"topics", "create", "orders", "--replication", "2"}).error_output, HasSubstr("replication 1"));
  EXPECT_THAT(run({"topics", "create", "orders", "--retain-age", "2d"}).error_output, HasSubstr("topics set orders"));
  EXPECT_EQ(run({"topics", "create", "orders.dlq"}).exit, ChildExit{.code = 1});
  EXPECT_EQ(run({"publish", "orders", "--type", "T", "--data", "1"}).exit, ChildExit{.code = 0});
  EXPECT_THAT(run({"topics", "set", "orders", "--retain-age", "2d"}).output, HasSubstr("keeps: 2d"));
  EXPECT_THAT(run({"topics"}).output, HasSubstr("2d, also unsettled"));
}

TEST_F(KafkaProgram, PublishesAndPrints) {
  publish("o-1");
  publish("o-2");
  const Ran ran = run({"--json", "tail", "orders", "--key", "o-2"});
  EXPECT_EQ(ran.exit, ChildExit{.code = 0}) << ran.error_output;
  EXPECT_THAT(ran.output, HasSubstr(R"("data":{"order":"o-2"},"topic":"orders","partition":)"));
  EXPECT_EQ(std::count(ran.output.begin(), ran.output.end(), '\n'), 1);
  EXPECT_THAT(run({"tail", "orders", "--from", "-1h", "--limit", "1"}).output, HasSubstr("OrderCreated"));
  EXPECT_EQ(run({"tail", "orders", "--from", "end"}).output, "");
  EXPECT_EQ(run({"groups"}).output, run({"groups"}).output) << "a tail is no group";
}

TEST_F(KafkaProgram, FollowsUntilItIsInterrupted) {
  publish("o-1");
  ChildProcess tail{spec({"tail", "orders", "--from", "beginning", "--follow"})};
  ASSERT_TRUE(tail.wait_for_output("o-1")) << tail.error_output();
  publish("o-2");
  ASSERT_TRUE(tail.wait_for_output("o-2")) << tail.error_output();
  tail.send(SIGINT);
  EXPECT_EQ(tail.wait(), ChildExit{.code = 0});
}

TEST_F(KafkaProgram, ConfirmsEachLineBeforeTheNextIsWritten) {
  publish("o-1");
  ChildProcess program{spec({"--json", "publish", "orders", "--type", "T", "--file", "-"})};
  for (const char* line : {"1", "2", "3"}) {
    program.write("{\"data\":1}\n");
    ASSERT_TRUE(program.wait_for_output(std::string{"{\"line\":"} + line)) << program.error_output();
  }
  program.close_input();
  EXPECT_EQ(program.wait(), ChildExit{.code = 0});
}

TEST_F(KafkaProgram, RepairsWhatAGroupGaveUp) {
  publish("o-1");
  publish("o-2");
  const auto transport = open();
  const auto billing = consumer(*transport, "billing");
  ASSERT_THAT(serve(*billing, 2, Verdict::bury), UnorderedElementsAre("o-1", "o-2"));

  EXPECT_THAT(run({"lag"}).output, HasSubstr("billing"));
  EXPECT_THAT(run({"groups"}).output, HasSubstr("billing-1"));
  EXPECT_THAT(run({"topics"}).output, Not(HasSubstr(".dlq")));
  const Ran doctor = run({"doctor"});
  EXPECT_EQ(doctor.exit, ChildExit{.code = 0}) << doctor.output;
  EXPECT_THAT(doctor.output, HasSubstr("dead letters: billing on orders: 2"));
  EXPECT_THAT(doctor.output, Not(HasSubstr("settings")));
  EXPECT_THAT(run({"dead", "list"}).output, HasSubstr("no bank"));
  const auto ids = dead_ids();
  ASSERT_EQ(ids.size(), 2u);
  EXPECT_THAT(run({"dead", "show", ids[0]}).output, HasSubstr("dead replay " + ids[0]));
  EXPECT_THAT(run({"dead", "replay", "--all", "--dry-run"}).output, HasSubstr("2"));

  EXPECT_EQ(run({"dead", "replay", ids[0]}).output, "1 of 1 dead letter replayed\n");
  const auto replayed = serve(*billing, 1, Verdict::accept);
  ASSERT_EQ(replayed.size(), 1u);
  EXPECT_EQ(run({"dead", "replay", ids[0]}).exit, ChildExit{.code = 1});
  EXPECT_EQ(run({"dead", "discard", "--group", "billing"}).output, "1 of 1 dead letter discarded\n");
  EXPECT_THAT(run({"--json", "dead", "list"}).output, HasSubstr("\"deadLetters\":[]"));
  EXPECT_THAT(run({"--json", "lag"}).output, HasSubstr("\"dead\":0"));
  EXPECT_EQ(run({"groups", "remove", "billing"}).exit, ChildExit{.code = 1}) << "it is served";
}

// Other groups notice nothing, and the group itself is not set back.
TEST_F(KafkaProgram, ReplaysARangeToOneGroupAndMovesNobody) {
  publish("o-1");
  publish("o-2");
  const auto transport = open();
  const auto billing = consumer(*transport, "billing");
  const auto audit = consumer(*transport, "audit");
  ASSERT_EQ(serve(*billing, 2, Verdict::accept).size(), 2u);
  ASSERT_EQ(serve(*audit, 2, Verdict::accept).size(), 2u);
  const std::vector<std::string> replay{"replay", "--group", "billing", "--topic", "orders", "--from", "-1h"};
  auto only = replay;
  only.insert(only.end(), {"--key", "o-2"});
  auto dry = replay;
  dry.push_back("--dry-run");
  EXPECT_THAT(run(dry).output, HasSubstr("2 events of orders"));
  EXPECT_THAT(run(only).output, HasSubstr("1 handed to billing again"));
  EXPECT_THAT(serve(*billing, 1, Verdict::accept), ElementsAre("o-2"));
  for (const char* command : {"lag", "groups", "topics", "doctor"}) EXPECT_EQ(run({command}).exit.code, 0) << command;
  publish("o-3");
  EXPECT_THAT(serve(*billing, 1, Verdict::accept), ElementsAre("o-3"));
  EXPECT_THAT(serve(*audit, 1, Verdict::accept), ElementsAre("o-3")) << "nothing before it came again";
}

// P9: it dies before the commit that makes a range of what it dealt with, and then before the one in which the range
// becomes the floor's. States, ranges and what they erase are one transaction.
TEST_F(KafkaProgram, OneThatDiesWhileItDealsWithDeadLettersLosesAndReopensNone) {
  constexpr std::size_t kLetters = 602;
  ASSERT_EQ(run({"topics", "create", "orders", "--partitions", "1"}).exit, ChildExit{.code = 0});
  publish("first");
  ChildProcess publisher{spec({"publish", "orders", "--type", "Later", "--file", "-"})};
  for (std::size_t i = 1; i < kLetters; ++i) publisher.write("{\"data\":1}\n");
  publisher.close_input();
  ASSERT_EQ(publisher.wait(), ChildExit{.code = 0}) << publisher.error_output();
  const auto transport = open();
  bury_all(*consumer(*transport, "billing"), kLetters);
  const auto dies_at = [&](int transaction, std::vector<std::string> command) {
    auto killed = spec(std::move(command));
    killed.environment["TIDINGS_FAULT"] = "in_transaction:" + std::to_string(transaction);
    EXPECT_EQ(run_program(killed).exit, (ChildExit{.code = -1, .signal = SIGKILL}));
  };
  const std::vector<std::string> discard{"dead", "discard", "--type", "Later"};
  dies_at(3, discard);
  EXPECT_EQ(run(discard).output, "201 of 201 dead letters discarded\n") << "after two transactions of 200";
  EXPECT_THAT(run({"--json", "lag"}).output, HasSubstr("\"dead\":1,"));
  const auto ids = dead_ids();
  ASSERT_EQ(ids.size(), 1u);
  dies_at(1, {"dead", "replay", ids[0]});
  EXPECT_EQ(run({"dead", "replay", ids[0]}).output, "1 of 1 dead letter replayed\n");
  EXPECT_THAT(run({"--json", "dead", "list"}).output, HasSubstr("\"deadLetters\":[]"));
}

TEST_F(KafkaProgram, RemovesAGroupThatIsGone) {
  publish("o-1");
  const auto transport = open();
  ASSERT_EQ(serve(*consumer(*transport, "billing"), 1, Verdict::bury).size(), 1u);
  const Ran removed = run({"groups", "remove", "billing"});
  EXPECT_EQ(removed.exit, ChildExit{.code = 0}) << removed.error_output;
  EXPECT_THAT(run({"groups"}).output, Not(HasSubstr("billing")));
  EXPECT_THAT(run({"--json", "dead", "list"}).output, HasSubstr("\"deadLetters\":[]"));
}

// C12
TEST_F(KafkaProgram, DoctorNamesTheRemedyOfDeadLettersThatVanish) {
  publish("o-1");
  const auto transport = open();
  const auto billing = consumer(*transport, "billing");
  ASSERT_EQ(serve(*billing, 1, Verdict::bury).size(), 1u);
  ASSERT_EQ(run({"topics", "set", "orders.dlq", "--retain-age", "7d"}).exit, ChildExit{.code = 0});
  const Ran doctor = run({"doctor"});
  EXPECT_THAT(doctor.output, HasSubstr("warn  settings: topic 'orders.dlq' is set to retention.ms=604800000"));
  EXPECT_THAT(doctor.output, HasSubstr("`tidings topics set orders.dlq --retain-age endless --retain-size endless`"));
  const Ran repaired = run({"topics", "set", "orders.dlq", "--retain-age", "endless", "--retain-size", "endless"});
  EXPECT_EQ(repaired.exit, ChildExit{.code = 0}) << repaired.error_output;
  EXPECT_THAT(run({"doctor"}).output, Not(HasSubstr("settings")));
  EXPECT_THAT(run({"topics", "set", "tidings.control", "--retain-age", "1d"}).error_output, HasSubstr("no topic"));
}

// E14
TEST_F(KafkaProgram, MeasuresTheBrokerAndLeavesNoGroup) {
  url_ += "&commit_every=1ms";  // each that goes alone waits for a commit
  expect_bench_measures();
  const Ran topics = run({"topics"});
  EXPECT_THAT(topics.output, ContainsRegex("tidings-bench +.*1m")) << "its events go after a minute";
}

TEST_F(KafkaProgram, SaysThatNobodyAnswers) {
  url_ = "kafka://127.0.0.1:1";
  const Ran ran = run({"doctor"});
  EXPECT_EQ(ran.exit, ChildExit{.code = 3});
  EXPECT_THAT(ran.output, HasSubstr("fail  reachable: "));
  EXPECT_THAT(ran.output, HasSubstr("127.0.0.1:1"));
}

}  // namespace
}  // namespace tidings::cli
