#include "pipeline/decide.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace tidings::pipeline {
namespace {

using namespace std::chrono_literals;
using transport::Bury;
using transport::Delivery;
using transport::Retry;
using transport::Skip;

const Time kNow = Time{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}};
constexpr std::uint64_t kMiddle = std::uint64_t{1} << 63;  // jitter of 0
constexpr std::uint64_t kLowest = 0;
constexpr std::uint64_t kHighest = std::numeric_limits<std::uint64_t>::max();

Delivery failed_before(int times) {
  Delivery delivery;
  delivery.attempts.failed = times;
  if (times > 0) delivery.attempts.first_failed = kNow - 1h;
  return delivery;
}

Failure failure(ErrorKind kind) {
  return {.error = {kind, "the bank is closed"}};
}

// A22
TEST(Backoff, GrowsByTheFactorUpToTheCap) {
  const RetryPolicy policy{.delay_first = 1s, .factor = 2.0, .delay_max = 10s};
  const std::vector<std::pair<int, Duration>> table = {{1, 1s}, {2, 2s}, {3, 4s}, {4, 8s}, {5, 10s}, {1'000, 10s}};
  for (const auto& [failed, delay] : table) EXPECT_EQ(backoff(policy, failed, kMiddle), delay) << failed;
}

TEST(Backoff, SpreadsByTheJitter) {
  const RetryPolicy policy{.delay_first = 10s, .jitter = 0.2};
  EXPECT_EQ(backoff(policy, 1, kLowest), 8s);
  EXPECT_NEAR(static_cast<double>(backoff(policy, 1, kHighest).count()), 12e6, 1);
}

TEST(AfterFailure, TriesAgainAndChargesOneAttempt) {
  const Verdict verdict =
      after_failure(failed_before(0), failure(ErrorKind::unavailable), {.delay_first = 1s}, {}, kNow, kMiddle);
  EXPECT_EQ(verdict.step, Step::retrying);
  const auto& retry = std::get<Retry>(verdict.outcome);
  EXPECT_EQ(retry.order, RetryOrder::strict);
  EXPECT_EQ(retry.attempts.failed, 1);
  EXPECT_EQ(retry.attempts.first_failed, kNow);
  EXPECT_EQ(retry.attempts.due, kNow + 1s);
  EXPECT_EQ(retry.attempts.last_error, "the bank is closed");
}

// A23
TEST(AfterFailure, BuriesWhenTheAttemptsAreUsedUp) {
  const Verdict verdict =
      after_failure(failed_before(3), failure(ErrorKind::unavailable), {.attempts_max = 4}, {}, kNow, kMiddle);
  EXPECT_EQ(verdict.step, Step::buried);
  EXPECT_EQ(verdict.reason, Reason::failed);
  const auto& bury = std::get<Bury>(verdict.outcome);
  EXPECT_EQ(bury.reason, "failed");
  EXPECT_EQ(bury.error, "the bank is closed");
  EXPECT_EQ(bury.attempts.failed, 4);
  EXPECT_EQ(bury.attempts.first_failed, kNow - 1h);
  EXPECT_FALSE(bury.attempts.due);
}

TEST(AfterFailure, GivesUpAtOnceWhereARepetitionCannotHelp) {
  for (const ErrorKind kind : {ErrorKind::invalid, ErrorKind::corrupt, ErrorKind::unsupported}) {
    const Verdict verdict = after_failure(failed_before(0), failure(kind), {}, {}, kNow, kMiddle);
    EXPECT_EQ(verdict.step, Step::buried) << to_string(kind);
    EXPECT_EQ(verdict.reason, Reason::rejected);
  }
  for (const ErrorKind kind : {ErrorKind::unavailable, ErrorKind::overloaded, ErrorKind::conflict}) {
    EXPECT_EQ(after_failure(failed_before(0), failure(kind), {}, {}, kNow, kMiddle).step, Step::retrying)
        << to_string(kind);
  }
}

TEST(AfterFailure, RetriesWhatAHandlerSaysItShould) {
  const RetryPolicy policy{.give_up_on = {ErrorKind::unavailable}};
  EXPECT_EQ(after_failure(failed_before(0), failure(ErrorKind::invalid), policy, {}, kNow, kMiddle).step,
            Step::retrying);
  EXPECT_EQ(after_failure(failed_before(0), failure(ErrorKind::unavailable), policy, {}, kNow, kMiddle).step,
            Step::buried);
}

// A25
TEST(AfterFailure, CountsATimeoutAsAFailedAttempt) {
  const Failure late{.error = unavailable("the handler took longer than 1 s"), .timed_out = true};
  EXPECT_EQ(after_failure(failed_before(0), late, {}, {}, kNow, kMiddle).step, Step::retrying);
  EXPECT_EQ(after_failure(failed_before(4), late, {.attempts_max = 5}, {}, kNow, kMiddle).reason, Reason::timed_out);
}

TEST(AfterFailure, RelaxesAHoldThatTheTransportCannotKeep) {
  const Rules rules{.strict_hold_max = 60s};
  const RetryPolicy policy{.delay_first = 61s};
  const Verdict verdict =
      after_failure(failed_before(0), failure(ErrorKind::unavailable), policy, rules, kNow, kMiddle);
  EXPECT_EQ(verdict.step, Step::relaxed_hold);
  EXPECT_EQ(std::get<Retry>(verdict.outcome).order, RetryOrder::relaxed);
}

// A24
TEST(BeforeDecode, QuarantinesWhatKilledItsProcessTooOften) {
  Delivery delivery;
  delivery.attempts.crashes = 2;
  EXPECT_FALSE(before_decode(delivery, {.crash_attempts_max = 3}));
  delivery.attempts.crashes = 3;
  const auto verdict = before_decode(delivery, {.crash_attempts_max = 3});
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->reason, Reason::crashed);
  EXPECT_EQ(std::get<Bury>(verdict->outcome).attempts.crashes, 3);
}

// P6
TEST(BeforeDecode, BuriesWhatIsTooLarge) {
  const std::string body(100, 'x');
  Delivery delivery;
  delivery.record.body = body;
  EXPECT_FALSE(before_decode(delivery, {.record_bytes_max = 100}));
  const auto verdict = before_decode(delivery, {.record_bytes_max = 99});
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->reason, Reason::too_large);
}

TEST(Unhandled, IsSkippedOrBuriedAsConfigured) {
  EXPECT_EQ(std::get<Skip>(unhandled({}, "Gone", {}).outcome).reason, "unhandled");
  const Verdict buried = unhandled({}, "Gone", {.unhandled = Unwanted::dead_letter});
  EXPECT_EQ(std::get<Bury>(buried.outcome).reason, "unhandled");
  EXPECT_THAT(buried.error->message, testing::HasSubstr("'Gone'"));
}

TEST(Mark, CountsTheCrashThatMayCome) {
  Delivery delivery;
  delivery.attempts.crashes = 1;
  EXPECT_EQ(mark(delivery).crashes, 2);
}

TEST(RetryPolicy, GoesSoFarAndNoFurther) {
  EXPECT_TRUE(validate(RetryPolicy{.attempts_max = 1'000, .factor = 100, .jitter = 1}).empty());
  EXPECT_EQ(validate(RetryPolicy{.attempts_max = 1'001}).size(), 1u);
  EXPECT_EQ(validate(RetryPolicy{.factor = 100.1}).size(), 1u);
  EXPECT_EQ(validate(RetryPolicy{.delay_first = 2s, .delay_max = 1s}).size(), 1u);
}

TEST(RetryPolicy, NamesAllItsFaultsAtOnce) {
  EXPECT_TRUE(validate(RetryPolicy{}).empty());
  const auto faults = validate(RetryPolicy{.attempts_max = 0, .delay_first = 0s, .factor = 0.5, .jitter = 2});
  EXPECT_EQ(faults.size(), 4u);
}

}  // namespace
}  // namespace tidings::pipeline
