// E14: the same program on a real RabbitMQ: of TIDINGS_RABBITMQ_URL, or the one that ctest started.
#include <cstdlib>
#include <fstream>

#include "tests/cli/program.hpp"

namespace tidings::cli {
namespace {

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
  expect_bench_measures();
}

}  // namespace
}  // namespace tidings::cli
