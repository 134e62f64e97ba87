// P8, P9, P10: drains, full buffers, and a transport that is away for a while.
#include <algorithm>
#include <atomic>

#include "tests/conformance/service/service_conformance.hpp"

namespace tidings::conformance {

using ::testing::IsEmpty;
using ::testing::SizeIs;

void LifeConformance::expect_drain(const WorkerPlan& plan) {
  constexpr int kCount = 20;
  std::vector<Order> orders;
  for (int i = 0; i < kCount; ++i) {
    orders.push_back({{.number = i, .takes = units(1), .publishes = 1}, "k" + std::to_string(i)});
  }
  WorkerPlan first = plan;
  first.instance = "first";
  work(first);
  send(orders);
  ASSERT_TRUE(within(unit(), [&] { return count("begin") >= 2; }));
  ASSERT_TRUE(stop("first"));
  EXPECT_LT(count("begin"), kCount) << "it stopped before it had finished all";
  EXPECT_EQ(count("begin"), count("end")) << "what ran was finished";

  WorkerPlan second = plan;
  second.instance = "second";
  work(second);
  ASSERT_TRUE(settled("shop", kCount * unit()));
  EXPECT_EQ(count("begin"), kCount) << "nothing ran twice";
  for (const Entry& entry : entries("end")) EXPECT_EQ(entry.attempt, 1);
  EXPECT_THAT(published(), SizeIs(kCount));
  EXPECT_THAT(dead_letters(), IsEmpty());
}

TEST_P(LifeConformance, P8ADrainEndsWhatRunsAndChargesNothing) {
  expect_drain({.concurrency = 4});
}

TEST_P(LifeConformance, P8AlsoWithAnInbox) {
  expect_drain({.inbox = true});
  EXPECT_THAT(effects(), SizeIs(20));
}

// P8: what runs past the deadline is left to others, charged nothing.
TEST_P(LifeConformance, P8ADrainEndsAtItsDeadline) {
  work({.instance = "first", .stop_within = units(2)});
  send({{{.number = 1, .takes = units(10), .publishes = 1}}});
  ASSERT_TRUE(within(unit(), [&] { return count("begin") == 1; }));
  const Time asked = now();
  EXPECT_FALSE(try_stop("first")) << "it says that something was still running";
  EXPECT_GE(now() - asked, units(2));
  EXPECT_LT(now() - asked, units(2) * kPatience);
  kill("first");
  work({.instance = "second"});
  ASSERT_TRUE(settled("shop", units(10)));
  const auto ends = entries("end");
  ASSERT_FALSE(ends.empty());
  EXPECT_EQ(ends.back().instance, "second");
  EXPECT_EQ(ends.back().attempt, 1);
  EXPECT_THAT(published(), SizeIs(1));
  EXPECT_THAT(dead_letters(), IsEmpty());
}

// P8, P4: a retry that waits at the drain comes in its time, elsewhere.
TEST_P(LifeConformance, P8ARetryThatWaitsAtADrainComesInItsTimeElsewhere) {
  const auto delay = units(10);
  work({.instance = "first", .delay_first = delay});
  send({{{.number = 1, .fails = 1}}, {{.number = 2}}});
  ASSERT_TRUE(within(unit(), [&] { return count("failed") == 1; }));
  ASSERT_TRUE(stop("first"));
  work({.instance = "second", .delay_first = delay});
  ASSERT_TRUE(settled());
  const auto runs = entries("begin");
  ASSERT_THAT(runs, SizeIs(3));
  EXPECT_EQ(runs[1].attempt, 2);
  EXPECT_EQ(runs[1].instance, "second");
  EXPECT_GE(runs[1].at - entries("failed").at(0).at, delay);
  EXPECT_THAT(disorder(entries()), IsEmpty());
}

namespace {

struct Answers {
  std::atomic<std::size_t> confirmed = 0;
  std::atomic<std::size_t> overloaded = 0;
  std::atomic<std::size_t> other = 0;

  std::size_t all() const { return confirmed + overloaded + other; }
  void take(const Result<void>& outcome) {
    if (outcome) {
      ++confirmed;
    } else {
      ++(outcome.error().kind == ErrorKind::overloaded ? overloaded : other);
    }
  }
};

std::vector<Order> orders_of(int count, std::chrono::milliseconds takes = {}) {
  std::vector<Order> orders;
  for (int i = 0; i < count; ++i) {
    orders.push_back({{.number = i, .takes = takes, .publishes = 1}, "k" + std::to_string(i % 8)});
  }
  return orders;
}

}  // namespace

TEST_P(LifeConformance, P9APublishersBufferIsBoundedAndFreeAgainAfterwards) {
  constexpr std::size_t kBuffer = 20;
  constexpr std::size_t kCount = 100;
  keep_at_most(kBuffer);
  work({});
  send(orders_of(1));
  const auto answers = std::make_shared<Answers>();
  auto away = fixture().interrupt(Away::hanging);
  send_async(orders_of(kCount), [answers](const Result<void>& outcome) { answers->take(outcome); });
  EXPECT_GT(answers->overloaded, 0u) << "at once, and nobody waited";
  EXPECT_LE(kCount - answers->all(), kBuffer);
  away.reset();
  ASSERT_TRUE(flush());
  EXPECT_EQ(answers->all(), kCount);
  send(orders_of(kBuffer / 2));
  ASSERT_TRUE(settled());
}

// Nobody is started anew, nothing confirmed is lost, and no event pays for it.
void LifeConformance::expect_to_go_on(const WorkerPlan& plan, Away how) {
  if (!std::ranges::count(fixture().interruptions(), how)) GTEST_SKIP() << "the transport cannot be away in this way";
  constexpr int kCount = 60;
  const Duration absence = long_run() ? Duration{std::chrono::seconds{30}} : 30 * unit();
  here();  // opened while it can be
  work(plan);
  send(orders_of(kCount, units(0.2)));  // some end, and are settled, while nothing can be settled
  ASSERT_TRUE(within(unit(), [&] { return count("begin") >= 1; }));
  const auto answers = std::make_shared<Answers>();
  {
    const auto away = fixture().interrupt(how);
    executor().sleep_until(now() + unit());
    // From here one may still look at it, or not.
    const bool visible = bool{here().check(now() + unit())};
    const auto before = visible ? lag("shop", kTasks)->unsettled : 0;
    std::vector<Order> more;
    for (const Order& order : orders_of(kCount)) more.push_back({order.task, order.key, "more-" + id_of(order)});
    send_async(more, [answers](const Result<void>& outcome) { answers->take(outcome); });
    executor().sleep_until(now() + absence);
    if (visible) {
      EXPECT_EQ(lag("shop", kTasks)->unsettled, before) << "this interruption interrupts nothing";
    } else {
      EXPECT_FALSE(here().check(now() + unit())) << "this interruption interrupts nothing";
    }
    EXPECT_EQ(answers->confirmed, 0u);
  }
  send({{{.number = kCount}, "last", "last"}});
  EXPECT_EQ(answers->all(), static_cast<std::size_t>(kCount));
  ASSERT_TRUE(settled("shop", std::chrono::seconds{10}));
  EXPECT_TRUE(running("worker"));
  std::map<std::string, int> ends;
  for (const Entry& entry : entries("end")) {
    ++ends[entry.id];
    EXPECT_EQ(entry.attempt, 1);
  }
  EXPECT_GE(ends.size(), kCount + 1 + answers->confirmed);
  EXPECT_THAT(dead_letters(), IsEmpty());
  if (plan.inbox) {
    EXPECT_THAT(effects(), SizeIs(ends.size()));
  }
}

TEST_P(LifeConformance, P10AllGoOnByThemselvesAfterTheTransportRefusedEverything) {
  expect_to_go_on({.concurrency = 4}, Away::refusing);
}

TEST_P(LifeConformance, P10AllGoOnByThemselvesAfterTheTransportHung) {
  expect_to_go_on({.concurrency = 4}, Away::hanging);
}

TEST_P(LifeConformance, P10AllGoOnByThemselvesAfterTheTransportWasGone) {
  expect_to_go_on({.concurrency = 4}, Away::gone);
}

TEST_P(LifeConformance, P10AlsoWithAnInboxAfterRefusals) {
  expect_to_go_on({.inbox = true}, Away::refusing);
}

TEST_P(LifeConformance, P10AlsoWithAnInboxAfterHanging) {
  expect_to_go_on({.inbox = true}, Away::hanging);
}

TEST_P(LifeConformance, P10AlsoWithAnInboxAfterAnAbsence) {
  expect_to_go_on({.inbox = true}, Away::gone);
}

}  // namespace tidings::conformance
