// A18: how long after the SIGKILL of an owner another process has its work, on `local:`, idle and on busy cores.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <iostream>
#include <thread>

#include "tests/conformance/child_processes.hpp"
#include "tests/conformance/conformance.hpp"
#include "tests/support/scratch_directory.hpp"
#include "tidings/transport/linked.hpp"

namespace tidings::conformance {
namespace {

using testing::ChildProcess;

// Threads that do nothing, and never rest.
class Burners {
 public:
  Burners(std::size_t count, Executor& executor) {
    for (std::size_t i = 0; i < count; ++i) {
      threads_.push_back(executor.spawn("burner", [this] {
        while (!enough_) {
        }
      }));
    }
  }
  ~Burners() { enough_ = true; }

 private:
  std::atomic<bool> enough_ = false;
  std::vector<std::unique_ptr<Thread>> threads_;
};

class LocalTakeover : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(transport_->declare({.topics = {{.name = "orders", .partitions = 1}}}));
    std::atomic<bool> confirmed = false;
    const auto publisher = transport_->publisher({}).value();
    publisher->send({{.topic = "orders", .key = "k", .id = "1"}},
                    [&](std::size_t, const Result<void>& outcome) { confirmed = !!outcome; });
    ASSERT_TRUE(publisher->flush(executor_->now() + std::chrono::seconds{30}));
    ASSERT_TRUE(confirmed);
  }

  // A process of the group has the event in flight, and is killed; when has the group's other member got it?
  Duration take_over(const std::string& group) {
    const VictimPlan plan{.topic = "orders", .group = group, .receive = 1};
    ChildProcess owner{victim_process(url_, plan)};
    EXPECT_TRUE(owner.wait_for_output("carried out")) << owner.error_output();
    Reader heir{transport_->consumer({.group = group, .topic = "orders"}).value(), *executor_};
    EXPECT_TRUE(heir.all_within(std::chrono::milliseconds{20}).empty()) << "the owner has it";

    const Time killed = executor_->now();
    owner.send(SIGKILL);
    const auto deliveries = heir.next(1, killed + kPatience * transport_->capabilities().takeover_max);
    const Duration took = executor_->now() - killed;
    EXPECT_EQ(deliveries.size(), 1u) << "not taken over at all";
    EXPECT_TRUE(heir.accept(deliveries));
    return took;
  }

  void measure(const std::string& name, std::size_t burners) {
    const Burners busy{burners, *executor_};
    std::vector<Duration> times;
    for (int i = 0; i < TAKEOVERS && !HasFailure(); ++i) times.push_back(take_over(name + "-" + std::to_string(i)));
    if (HasFailure()) return;
    std::ranges::sort(times);
    const auto in_ms = [](Duration time) { return std::chrono::duration<double, std::milli>{time}.count(); };
    std::cout << "takeover after SIGKILL, " << name << ", " << times.size() << " times: median "
              << in_ms(times[times.size() / 2]) << " ms, max " << in_ms(times.back()) << " ms\n";
  }

  testing::ScratchDirectory scratch_;
  const std::string url_ = "local:" + (scratch_ / "store").string();
  std::shared_ptr<Executor> executor_ = thread_executor();
  std::unique_ptr<transport::Transport> transport_ = transport::open(url_, executor_).value();
};

TEST_F(LocalTakeover, TheWorkOfAKilledOwnerIsHandedOver) {
  measure("idle", 0);
}

TEST_F(LocalTakeover, LikewiseWhenEveryCoreIsBusy) {
  measure("busy", 2 * std::thread::hardware_concurrency());
}

}  // namespace
}  // namespace tidings::conformance
