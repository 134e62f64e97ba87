// The program `tidings` itself, as users run it, beside a group that is served by the test.
#pragma once

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/support/child_process.hpp"
#include "tests/support/scratch_directory.hpp"
#include "tidings/transport/linked.hpp"

namespace tidings::cli {

class Program : public ::testing::Test {
 protected:
  testing::ChildSpec spec(std::vector<std::string> arguments) const {
    return {
        .program = TIDINGS_PROGRAM, .arguments = std::move(arguments), .environment = {{"TIDINGS_TRANSPORT", url_}}};
  }
  testing::Ran run(std::vector<std::string> arguments) const { return run_program(spec(std::move(arguments))); }

  void publish(const std::string& id) const {
    const testing::Ran ran = run({"publish", "orders", "--create-topic", "--type", "OrderCreated", "--key", id,
                                  "--data", R"({"order":")" + id + "\"}"});
    ASSERT_EQ(ran.exit, testing::ChildExit{.code = 0}) << ran.error_output;
  }

  std::unique_ptr<transport::Transport> open() const {
    auto opened = transport::open(url_, executor_);
    EXPECT_TRUE(opened) << opened.error().message;
    return *std::move(opened);
  }

  enum class Verdict { accept, bury };
  // Settles `count` deliveries of the group and returns their keys.
  std::vector<std::string> serve(transport::Consumer& consumer, std::size_t count, Verdict verdict) const {
    std::vector<std::string> keys;
    const Time deadline = executor_->now() + testing::ChildProcess::kPatience;
    while (keys.size() < count && executor_->now() < deadline) {
      const auto batch = consumer.receive(count - keys.size(), deadline);
      EXPECT_TRUE(batch) << batch.error().message;
      for (const transport::Delivery& delivery : batch->deliveries) {
        keys.emplace_back(delivery.record.key.value_or(""));
        transport::Outcome outcome = transport::Accept{};
        if (verdict == Verdict::bury) outcome = transport::Bury{.reason = "failed", .error = "no bank"};
        EXPECT_TRUE(settle_now(consumer, *executor_, {{.token = delivery.token, .outcome = outcome}})[0]);
      }
    }
    return keys;
  }

  // E14: `tidings bench` tells all of its figures, and leaves no group.
  void expect_bench_measures() const {
    const testing::Ran ran = run({"--json", "bench", "--events", "2000", "--batch", "100"});
    ASSERT_EQ(ran.exit, testing::ChildExit{.code = 0}) << ran.error_output;
    for (const char* measure :
         {"publishedPerSecond", "consumedPerSecond", "oneByOne", "latencyMedianMs", "latencyP99Ms"}) {
      EXPECT_THAT(ran.output, ::testing::ContainsRegex(std::string{"\""} + measure + "\":[0-9.]*[1-9]"))
          << "more than nothing";
    }
    EXPECT_THAT(ran.output, ::testing::HasSubstr(R"("topic":"tidings-bench","events":2000,"bytes":512,"batch":100)"));
    EXPECT_THAT(run({"--json", "groups"}).output, ::testing::Not(::testing::HasSubstr("tidings-bench")));
  }

  // Where the events are: set before anything else.
  std::string url_;
  testing::ScratchDirectory scratch_;
  std::shared_ptr<Executor> executor_ = thread_executor();
};

}  // namespace tidings::cli
