// C1, D1: users get the scripts' servers by `tidings dev kafka` and `tidings dev rabbitmq`.
#include <gmock/gmock.h>

#include "tests/cli/run_in_test.hpp"
#include "tools/tidings/session.hpp"

namespace tidings::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

RunResult run(std::vector<std::string> arguments, ProgramRun program = {}, std::string scripts = "/scripts") {
  return run_in_test({.arguments = std::move(arguments), .scripts = std::move(scripts), .program = std::move(program)},
                     std::make_shared<operate::Canned>());
}

TEST(DevKafka, RunsTheScriptAndPrintsTheUrl) {
  const RunResult up = run({"dev", "kafka", "up"}, {.code = 0, .output = "kafka://127.0.0.1:1\n"});
  EXPECT_EQ(up.code, kDone);
  EXPECT_EQ(up.out, "kafka://127.0.0.1:1\n");
  EXPECT_THAT(up.programs, ElementsAre(ElementsAre("/scripts/kafka", "up", "./.tidings-kafka", "--brokers", "1")));
  EXPECT_THAT(run({"dev", "kafka", "up", "there", "--brokers", "3", "--secure"}).programs,
              ElementsAre(ElementsAre("/scripts/kafka", "up", "there", "--brokers", "3", "--secure")));
  EXPECT_THAT(run({"dev", "kafka", "down"}).programs,
              ElementsAre(ElementsAre("/scripts/kafka", "down", "./.tidings-kafka")));
  EXPECT_THAT(up.opened, IsEmpty()) << "no transport is asked";
}

TEST(DevKafka, SaysUrlsAsJson) {
  EXPECT_EQ(run({"--json", "dev", "kafka", "up", "d"}, {.code = 0, .output = "kafka://h:1\n"}).out,
            R"({"directory":"d","urls":[{"way":"none","url":"kafka://h:1"}]})"
            "\n");
  EXPECT_EQ(
      run({"--json", "dev", "kafka", "up", "d"}, {.code = 0, .output = "none  kafka://h:1\ntls   kafka://h:2?x=y\n"})
          .out,
      R"({"directory":"d","urls":[{"way":"none","url":"kafka://h:1"},{"way":"tls","url":"kafka://h:2?x=y"}]})"
      "\n");
  EXPECT_EQ(run({"--json", "dev", "kafka", "down", "d"}).out, R"({"directory":"d","urls":[]})"
                                                              "\n");
}

TEST(DevKafka, SaysThatTheScriptFailedOrIsNotThere) {
  const RunResult failed = run({"dev", "kafka", "up"}, {.code = 1, .output = ""});
  EXPECT_EQ(failed.code, kFailed);
  EXPECT_THAT(failed.err, AllOf(HasSubstr("`/scripts/kafka up ./.tidings-kafka --brokers 1` did not succeed")));
  const RunResult missing = run({"dev", "kafka", "down"}, {}, "");
  EXPECT_EQ(missing.code, kFailed);
  EXPECT_THAT(missing.err, HasSubstr("is not here"));
  EXPECT_THAT(missing.programs, IsEmpty());
}

TEST(DevKafka, RefusesWhatTheScriptWouldNotTake) {
  EXPECT_EQ(run({"dev", "kafka", "up", "--brokers", "2"}).code, kUsage);
  EXPECT_EQ(run({"dev"}).code, kUsage);
  EXPECT_EQ(run({"dev", "kafka"}).code, kUsage);
}

TEST(DevRabbitmq, RunsItsScript) {
  const RunResult up = run({"dev", "rabbitmq", "up"}, {.code = 0, .output = "amqp://127.0.0.1:1/\n"});
  EXPECT_EQ(up.code, kDone);
  EXPECT_EQ(up.out, "amqp://127.0.0.1:1/\n");
  EXPECT_THAT(up.programs, ElementsAre(ElementsAre("/scripts/rabbitmq", "up", "./.tidings-rabbitmq", "--nodes", "1")));
  EXPECT_THAT(run({"dev", "rabbitmq", "up", "there", "--nodes", "3"}).programs,
              ElementsAre(ElementsAre("/scripts/rabbitmq", "up", "there", "--nodes", "3")));
  EXPECT_THAT(run({"dev", "rabbitmq", "up", "there", "--secure"}).programs,
              ElementsAre(ElementsAre("/scripts/rabbitmq", "up", "there", "--nodes", "1", "--secure")));
  EXPECT_THAT(run({"dev", "rabbitmq", "down"}).programs,
              ElementsAre(ElementsAre("/scripts/rabbitmq", "down", "./.tidings-rabbitmq")));
  EXPECT_EQ(run({"--json", "dev", "rabbitmq", "up", "d"}, {.code = 0, .output = "amqp://h:1/\n"}).out,
            R"({"directory":"d","urls":[{"way":"none","url":"amqp://h:1/"}]})"
            "\n");
}

TEST(DevRabbitmq, SaysThatTheScriptIsNotHere) {
  EXPECT_THAT(run({"dev", "rabbitmq", "up"}, {}, "").err, HasSubstr("the script that starts RabbitMQ is not here"));
}

TEST(DevRabbitmq, RefusesWhatTheScriptWouldNotTake) {
  EXPECT_EQ(run({"dev", "rabbitmq", "up", "--nodes", "2"}).code, kUsage);
  EXPECT_EQ(run({"dev", "rabbitmq", "up", "--brokers", "1"}).code, kUsage);
  EXPECT_EQ(run({"dev", "rabbitmq"}).code, kUsage);
}

}  // namespace
}  // namespace tidings::cli
