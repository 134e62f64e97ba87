// What waits on `local:` ends in time, though somebody sets the clock back meanwhile.
#include <gtest/gtest.h>

#include "tests/support/scratch_directory.hpp"
#include "tests/support/settable_clock.hpp"
#include "transport/local/local_transport.hpp"

namespace tidings::local {
namespace {

using namespace std::chrono_literals;

class SetClockTest : public ::testing::Test {
 protected:
  static constexpr Duration kWait = 200ms;

  void expect_in_time(const std::function<bool(Time)>& wait) {
    const auto setter = clock_->spawn("setter", [this] {
      clock_->sleep_until(clock_->now() + kWait / 4);
      clock_->set(-1min);
    });
    const Duration begun = clock_->uptime();
    EXPECT_TRUE(wait(clock_->now() + kWait));
    const Duration took = clock_->uptime() - begun;
    EXPECT_GE(took, kWait);
    EXPECT_LT(took, 30s) << "with the clock it would be more than a minute";
  }

  testing::ScratchDirectory scratch_;
  std::shared_ptr<testing::SettableClock> clock_ = std::make_shared<testing::SettableClock>();
  std::unique_ptr<transport::Transport> transport_ =
      open_local({.scheme = "local", .path = scratch_ / "store"}, clock_).value();
  bool declared_ = !!transport_->declare({.topics = {{.name = "orders"}}});
};

TEST_F(SetClockTest, AReceiveEnds) {
  const auto consumer = transport_->consumer({.group = "g", .topic = "orders"}).value();
  ASSERT_FALSE(consumer->receive(1, clock_->now() + 20s).value().notices.empty());
  expect_in_time([&](Time deadline) { return consumer->receive(1, deadline).value().notices.empty(); });
}

TEST_F(SetClockTest, AWatchEnds) {
  transport::Control& control = transport_->control();
  ASSERT_TRUE(control.put("key", "value", {}));
  const std::uint64_t seen = control.watch(0, clock_->now()).value();
  expect_in_time([&](Time deadline) { return control.watch(seen, deadline).value() == seen; });
}

TEST_F(SetClockTest, AWaitForHistoryEnds) {
  transport::History& history = *transport_->operations().history;
  const auto end = history.read({.topic = "orders"}, {}, 1, [](const auto&) { return true; }).value();
  expect_in_time([&](Time deadline) { return bool{history.wait("orders", end, deadline)}; });
}

}  // namespace
}  // namespace tidings::local
