#include "tidings/log.hpp"

#include <array>
#include <atomic>

#include "telemetry/log_line.hpp"

namespace tidings {
namespace {

constexpr std::array<std::string_view, 5> kLevels{"debug", "info", "warn", "error", "off"};
constexpr std::array<std::string_view, 3> kFormats{"auto", "text", "json"};

template <class E, std::size_t N>
std::optional<E> named(const std::array<std::string_view, N>& names, std::string_view name) {
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == name) return static_cast<E>(i);
  }
  return std::nullopt;
}

thread_local const LogScope* t_scope = nullptr;

}  // namespace

std::string_view to_string(LogLevel level) {
  return kLevels[static_cast<std::size_t>(level)];
}
std::optional<LogLevel> log_level(std::string_view name) {
  return named<LogLevel>(kLevels, name);
}
std::string_view to_string(LogFormat format) {
  return kFormats[static_cast<std::size_t>(format)];
}
std::optional<LogFormat> log_format(std::string_view name) {
  return named<LogFormat>(kFormats, name);
}

class Log::State final {
 public:
  State(std::shared_ptr<Executor> executor, std::shared_ptr<LogSink> sink, LogOptions options)
      : executor_{std::move(executor)}, sink_{std::move(sink)}, options_{std::move(options)}, level_{options_.level} {}

  bool enabled(LogLevel level) const { return level >= level_.load(std::memory_order_relaxed); }
  void set_level(LogLevel level) { level_.store(level, std::memory_order_relaxed); }
  void set_options(const LogOptions& options) {
    options_ = options;
    set_level(options.level);
  }

  void write(LogLevel level, std::string_view message, std::span<const LogField> fields) {
    const telemetry::LogLine line{.time = executor_->now(),
                                  .level = level,
                                  .service = options_.service,
                                  .instance = options_.instance,
                                  .message = message,
                                  .about = LogScope::current(),
                                  .fields = fields};
    const bool text = options_.format == LogFormat::text;
    sink_->write(level, text ? telemetry::render_text(line) : telemetry::render_json(line));
  }

  LogSink& sink() { return *sink_; }

 private:
  const std::shared_ptr<Executor> executor_;
  const std::shared_ptr<LogSink> sink_;
  LogOptions options_;
  std::atomic<LogLevel> level_;
};

Log::Log() = default;
Log::Log(std::shared_ptr<Executor> executor, std::shared_ptr<LogSink> sink, LogOptions options)
    : state_{std::make_shared<State>(std::move(executor), std::move(sink), std::move(options))} {}

void Log::write(LogLevel level, std::string_view message, std::span<const LogField> fields) const {
  if (enabled(level) && level != LogLevel::off) state_->write(level, message, fields);
}
bool Log::enabled(LogLevel level) const {
  return state_ != nullptr && state_->enabled(level);
}
void Log::set_level(LogLevel level) const {
  if (state_ != nullptr) state_->set_level(level);
}
void Log::set_options(const LogOptions& options) const {
  if (state_ != nullptr) state_->set_options(options);
}
bool Log::flush(Time deadline) const {
  return state_ == nullptr || state_->sink().flush(deadline);
}
std::uint64_t Log::dropped() const {
  return state_ == nullptr ? 0 : state_->sink().dropped();
}

LogScope::LogScope(const About& about) : about_{about}, outer_{std::exchange(t_scope, this)} {}
LogScope::~LogScope() {
  t_scope = outer_;
}
const LogScope::About* LogScope::current() {
  return t_scope == nullptr ? nullptr : &t_scope->about_;
}

}  // namespace tidings
