#include "tidings/log.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "telemetry/log_line.hpp"

namespace tidings {
namespace {

using telemetry::LogLine;
using telemetry::render_json;
using telemetry::render_text;

constexpr Time kTime{std::chrono::microseconds{1'767'323'045'123'456}};

std::string json(std::string_view message, std::vector<LogField> fields, const LogScope::About* about = nullptr) {
  return render_json({.time = kTime, .message = message, .about = about, .fields = fields});
}
std::string text(std::string_view message, std::vector<LogField> fields) {
  return render_text({.time = kTime, .level = LogLevel::warn, .message = message, .fields = fields});
}

class Collected final : public LogSink {
 public:
  void write(LogLevel, std::string line) override { lines.push_back(std::move(line)); }
  bool flush(Time) override { return true; }
  std::vector<std::string> lines;
};

// A32
TEST(LogLine, IsOneJsonObject) {
  EXPECT_EQ(
      render_json(
          {.time = kTime, .level = LogLevel::error, .service = "payment-service", .instance = "a-1", .message = "no"}),
      R"({"time":"2026-01-02T03:04:05.123456Z","level":"error","service":"payment-service","instance":"a-1",)"
      R"("message":"no"})");
}

TEST(LogLine, IsReadableText) {
  EXPECT_EQ(text("card refused", {{"attempt", 2}, {"receipt", "r7"}, {"why", "no money"}, {"seconds", 0.25}}),
            R"(2026-01-02T03:04:05.123456Z warn  card refused  attempt=2 receipt=r7 why="no money" seconds=0.25)");
  EXPECT_EQ(text("plain", {}), "2026-01-02T03:04:05.123456Z warn  plain");
}

TEST(LogLine, WritesEachKindOfValue) {
  const std::string owned = "text";
  EXPECT_NE(json("", {{"a", -1}, {"b", 18'446'744'073'709'551'615u}, {"c", true}, {"d", owned}, {"e", 1e300 * 1e300}})
                .find(R"("a":-1,"b":18446744073709551615,"c":true,"d":"text","e":"inf")"),
            std::string::npos);
}

TEST(LogLine, CarriesWhatTheScopeIsAbout) {
  const LogScope::About about{.event_id = "e1", .type = "OrderCreated", .correlation_id = "c1", .attempt = 3};
  EXPECT_NE(json("x", {{"own", 1}}, &about)
                .find(R"("event_id":"e1","event_type":"OrderCreated","correlation_id":"c1","attempt":3,"own":1)"),
            std::string::npos);
}

TEST(LogLine, NamesNoMemberTwice) {
  const LogScope::About about{.event_id = "e1", .type = "T", .correlation_id = "c1", .attempt = 3};
  const std::string line = json("x", {{"event_id", "other"}, {"attempt", 1}, {"message", "m"}}, &about);
  EXPECT_NE(line.find(R"("message":"x","event_type":"T","correlation_id":"c1","event_id":"other","attempt":1,)"
                      R"("message_":"m"})"),
            std::string::npos)
      << line;
}

TEST(LogLine, LetsNobodysTextForgeALineOrSteerATerminal) {
  const std::string evil = "a\nb\x1b[2J\x7f\"\\ \xC2\x9B \xE2\x80\xAE \xFF\xC3 \xED\xA0\x80 end";
  const std::string escaped = R"(a\nb\u001b[2J\u007f\"\\ \u009b \u202e \ufffd\ufffd \ufffd\ufffd\ufffd end)";
  EXPECT_NE(json("m", {{"v", evil}}).find("\"v\":\"" + escaped + "\""), std::string::npos);
  EXPECT_NE(text(evil, {}).find(escaped), std::string::npos);
  EXPECT_NE(text("m", {{"v", "x=y"}}).find("v=\"x=y\""), std::string::npos);
}

TEST(LogLine, KeepsTextInOtherScripts) {
  EXPECT_NE(json("m", {{"v", "Köln 東京 🙂"}}).find("\"v\":\"Köln 東京 🙂\""), std::string::npos);
}

TEST(LogLine, CutsLongTextAtACharacter) {
  std::string pairs(telemetry::kLogTextMax - 1, 'a');
  const std::string line = json("m", {{"v", pairs + "éé"}});
  EXPECT_NE(line.find("\"v\":\"" + pairs + "...\""), std::string::npos);
}

TEST(Log, WritesOnlyFromItsLevelOn) {
  const auto sink = std::make_shared<Collected>();
  const Log log{thread_executor(), sink, {.level = LogLevel::warn}};
  log.info("quiet");
  log.warn("loud", {{"n", 1}});
  log.set_level(LogLevel::debug);
  log.debug("now too");
  log.set_level(LogLevel::off);
  log.error("never");
  ASSERT_EQ(sink->lines.size(), 2u);
  EXPECT_NE(sink->lines[0].find("loud"), std::string::npos);
  EXPECT_NE(sink->lines[1].find("now too"), std::string::npos);
}

TEST(Log, WithoutASinkWritesNowhere) {
  const Log log;
  EXPECT_FALSE(log.enabled(LogLevel::error));
  log.error("nothing happens");
  EXPECT_TRUE(log.flush(kNever));
}

// Standard error that nobody reads, until somebody does.
class FullPipe final {
 public:
  FullPipe() : before_{::dup(STDERR_FILENO)} {
    EXPECT_EQ(::pipe(ends_.data()), 0);
    ::dup2(ends_[1], STDERR_FILENO);
    ::close(ends_[1]);
  }
  ~FullPipe() {
    restore();
    ::close(ends_[0]);
  }
  FullPipe(const FullPipe&) = delete;
  FullPipe& operator=(const FullPipe&) = delete;

  void restore() {
    if (before_ < 0) return;
    ::dup2(before_, STDERR_FILENO);
    ::close(std::exchange(before_, -1));
  }
  // Until the other end is closed.
  std::string read_all() const {
    std::string text;
    std::array<char, 4'096> some{};
    for (ssize_t count = 1; count > 0;) {
      count = ::read(ends_[0], some.data(), some.size());
      if (count > 0) text.append(some.data(), static_cast<std::size_t>(count));
    }
    return text;
  }

 private:
  int before_;
  std::array<int, 2> ends_{};
};

// P9: a log that nobody reads neither stops the service nor fills its memory.
TEST(StandardErrorSink, DropsTheOldestLinesWhenTooManyWaitAndCountsThem) {
  const auto executor = thread_executor();
  FullPipe pipe;
  const auto sink = standard_error_sink(executor);
  constexpr std::size_t kLines = 2 * kLogQueueMax;
  for (std::size_t i = 0; i < kLines; ++i) sink->write(LogLevel::info, std::to_string(i) + std::string(100, ' '));
  EXPECT_FALSE(sink->flush(executor->now() + std::chrono::milliseconds{10}));
  const std::uint64_t dropped = sink->dropped();
  EXPECT_GT(dropped, 0u);
  std::string text;
  {
    const auto reader = executor->spawn("reader", [&] { text = pipe.read_all(); });
    EXPECT_TRUE(sink->flush(executor->now() + std::chrono::seconds{20}));
    pipe.restore();
  }
  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(text, '\n')), kLines - dropped);
  EXPECT_NE(text.find(std::to_string(kLines - 1) + " "), std::string::npos) << "the newest is there";
}

// A32: lines logged inside a handler carry the correlation id by themselves.
TEST(LogScope, MarksTheLinesOfItsThreadWhileItLives) {
  const auto sink = std::make_shared<Collected>();
  const Log log{thread_executor(), sink, {}};
  {
    const LogScope outer{{.correlation_id = "outer"}};
    {
      const LogScope inner{{.correlation_id = "inner"}};
      log.info("1");
    }
    log.info("2");
    const auto executor = thread_executor();
    const auto other = executor->spawn("other", [&] { log.info("3"); });
  }
  log.info("4");
  ASSERT_EQ(sink->lines.size(), 4u);
  EXPECT_NE(sink->lines[0].find(R"("correlation_id":"inner")"), std::string::npos);
  EXPECT_NE(sink->lines[1].find(R"("correlation_id":"outer")"), std::string::npos);
  EXPECT_EQ(sink->lines[2].find("correlation_id"), std::string::npos);
  EXPECT_EQ(sink->lines[3].find("correlation_id"), std::string::npos);
}

TEST(LogNames, GoBothWays) {
  for (const LogLevel level : {LogLevel::debug, LogLevel::info, LogLevel::warn, LogLevel::error, LogLevel::off})
    EXPECT_EQ(log_level(to_string(level)), level);
  for (const LogFormat format : {LogFormat::automatic, LogFormat::text, LogFormat::json})
    EXPECT_EQ(log_format(to_string(format)), format);
  EXPECT_FALSE(log_level("loud"));
}

}  // namespace
}  // namespace tidings
