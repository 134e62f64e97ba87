#include "telemetry/decision_log.hpp"

#include <gtest/gtest.h>

namespace tidings::telemetry {
namespace {

using namespace std::chrono_literals;

constexpr Time kTime{std::chrono::microseconds{1'767'323'045'123'456}};

class Collected final : public LogSink {
 public:
  void write(LogLevel level, std::string line) override { lines.push_back(std::string{to_string(level)} + " " + line); }
  bool flush(Time) override { return true; }
  std::vector<std::string> lines;
};

Decision decision(Step step, Reason reason = Reason::none) {
  return {.step = step,
          .reason = reason,
          .service = "payment-service",
          .group = "payment-service",
          .subscription = "orders",
          .event_id = "e1",
          .type = "OrderCreated",
          .correlation_id = "c1",
          .attempt = 2,
          .at = kTime};
}

TEST(DecisionLog, IsAsLoudAsTheDecisionIsBad) {
  const auto level = [](Step step, Reason reason = Reason::none) {
    return level_of(decision(step, reason), Occurrence::repeated);
  };
  EXPECT_EQ(level(Step::accepted), LogLevel::debug);
  EXPECT_EQ(level(Step::skipped, Reason::filtered), LogLevel::debug);
  EXPECT_EQ(level(Step::retrying), LogLevel::warn);
  EXPECT_EQ(level(Step::timed_out), LogLevel::warn);
  EXPECT_EQ(level(Step::refused), LogLevel::warn);
  EXPECT_EQ(level(Step::unsettled), LogLevel::error);
  EXPECT_EQ(level(Step::buried, Reason::failed), LogLevel::error);
}

// A32
TEST(DecisionLog, TellsWhatAnOperatorNeedsOfARetry) {
  const auto sink = std::make_shared<Collected>();
  const Observer observe = log_decisions({thread_executor(), sink, {}});
  const Error error = unavailable("the bank does not answer");
  Decision retry = decision(Step::retrying);
  retry.topic = "orders";
  retry.position = {3, 17};
  retry.error = &error;
  retry.due = kTime + 2s;
  observe(retry);
  ASSERT_EQ(sink->lines.size(), 1u);
  const std::string& line = sink->lines[0];
  for (const std::string_view part :
       {R"(warn {)", R"("message":"the handler failed; the event is tried again in 2.0 s")",
        R"("group":"payment-service","subscription":"orders","event_id":"e1","event_type":"OrderCreated",)"
        R"("correlation_id":"c1","attempt":2,"topic":"orders","partition":3,"offset":17,)"
        R"("due":"2026-01-02T03:04:07.123456Z","error_kind":"unavailable","error":"the bank does not answer"})"})
    EXPECT_NE(line.find(part), std::string::npos) << part << "\nis not in\n" << line;
}

TEST(DecisionLog, NamesTheReasonOfADeadLetter) {
  const auto sink = std::make_shared<Collected>();
  const Observer observe = log_decisions({thread_executor(), sink, {}});
  observe(decision(Step::buried, Reason::undecodable));
  ASSERT_EQ(sink->lines.size(), 1u);
  EXPECT_NE(sink->lines[0].find("error {"), std::string::npos);
  EXPECT_NE(sink->lines[0].find(R"("reason":"undecodable")"), std::string::npos);
}

TEST(DecisionLog, SaysNothingOfWhatWentWell) {
  const auto sink = std::make_shared<Collected>();
  const Observer observe = log_decisions({thread_executor(), sink, {}});
  observe(decision(Step::accepted));
  observe(decision(Step::skipped, Reason::duplicate));
  EXPECT_TRUE(sink->lines.empty());
}

// P6: an unhandled type is logged, and a stream of them does not flood the log.
TEST(DecisionLog, TellsOnceThatATypeHasNoHandler) {
  const auto sink = std::make_shared<Collected>();
  const Observer observe = log_decisions({thread_executor(), sink, {}});
  for (int i = 0; i < 3; ++i) observe(decision(Step::skipped, Reason::unhandled));
  Decision other = decision(Step::skipped, Reason::unhandled);
  other.type = "OrderCancelled";
  observe(other);
  EXPECT_EQ(sink->lines.size(), 2u);
}

// P9
TEST(DecisionLog, RemembersSoManyKindsOfSkipsAndNoMore) {
  const auto sink = std::make_shared<Collected>();
  const Observer observe = log_decisions({thread_executor(), sink, {}});
  for (std::size_t i = 0; i < kSkipKindsMax + 10; ++i) {
    const std::string type = "Type" + std::to_string(i);
    Decision skipped = decision(Step::skipped, Reason::unhandled);
    skipped.type = type;
    observe(skipped);
  }
  EXPECT_EQ(sink->lines.size(), kSkipKindsMax) << "what comes then counts as seen";
}

}  // namespace
}  // namespace tidings::telemetry
