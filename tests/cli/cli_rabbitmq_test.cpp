// E14: the same program on a real RabbitMQ: of TIDINGS_RABBITMQ_URL, or the one that ctest started.
#include <cstdlib>
#include <fstream>

#include "tests/cli/program.hpp"

namespace tidings::cli {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using tidings::testing::ChildExit;
using tidings::testing::Ran;

std::string broker_url() {
  if (const char* given = std::getenv("TIDINGS_RABBITMQ_URL")) return given;
  std::ifstream file{RABBITMQ_BROKER "/url"};
  std::string url;
  std::getline(file, url);
  return url;
}

// Each test has a deployment of its own.
class RabbitmqProgram : public Program {
 protected:
  void SetUp() override {
    if (broker_url().empty()) GTEST_SKIP() << "no broker: run it by ctest, or set TIDINGS_RABBITMQ_URL";
    url_ = broker_url() + "?prefix=t" + std::to_string(executor_->random() % 1'000'000'000) + ".";
  }
};

TEST_F(RabbitmqProgram, MeasuresTheBrokerAndLeavesNoGroup) {
  const Ran ran = run({"--json", "bench", "--events", "2000", "--batch", "100"});
  ASSERT_EQ(ran.exit, ChildExit{.code = 0}) << ran.error_output;
  for (const char* measure :
       {"publishedPerSecond", "consumedPerSecond", "oneByOne", "latencyMedianMs", "latencyP99Ms"}) {
    EXPECT_THAT(ran.output, ContainsRegex(std::string{"\""} + measure + "\":[0-9.]*[1-9]")) << "more than nothing";
  }
  EXPECT_THAT(ran.output, HasSubstr(R"("topic":"tidings-bench","events":2000,"bytes":512,"batch":100)"));
  EXPECT_THAT(run({"--json", "groups"}).output, Not(HasSubstr("tidings-bench")));
}

}  // namespace
}  // namespace tidings::cli
