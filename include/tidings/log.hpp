// Structured logs: a message and named values.
//
//   service.log().info("charged", {{"receipt", receipt.id}, {"cents", amount.cents()}});
//
// Text on a terminal, JSON lines elsewhere. Lines logged inside a handler carry the event's id and type, the
// correlation id and the attempt by themselves. Values are escaped, so that nobody's data can forge a line or steer a
// terminal. Do not log secrets or whole events.
//
// Threads: any, at once; a Log is a small value that shares its state with its copies.
// Blocks:  never for long: lines wait in a bounded queue; when it is full the oldest are dropped, and counted.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "tidings/executor.hpp"

#pragma GCC visibility push(default)

namespace tidings {

enum class LogLevel { debug, info, warn, error, off };
std::string_view to_string(LogLevel level);
std::optional<LogLevel> log_level(std::string_view name);

// automatic: text where a person reads (a terminal), JSON lines elsewhere.
enum class LogFormat { automatic, text, json };
std::string_view to_string(LogFormat format);
std::optional<LogFormat> log_format(std::string_view name);

// What a field holds. Text is not copied: it must live until the call returns.
class LogValue final {
 public:
  using Any = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool>;

  template <class T>
  requires std::is_arithmetic_v<T> LogValue(T value) : value_{widen(value)} {}
  template <class T>
  requires std::is_convertible_v<const T&, std::string_view> LogValue(const T& text) : value_{std::string_view{text}} {}

  const Any& get() const { return value_; }

 private:
  template <class T>
  static Any widen(T value) {
    if constexpr (std::is_same_v<T, bool>) {
      return value;
    } else if constexpr (std::is_floating_point_v<T>) {
      return static_cast<double>(value);
    } else if constexpr (std::is_signed_v<T>) {
      return static_cast<std::int64_t>(value);
    } else {
      return static_cast<std::uint64_t>(value);
    }
  }

  Any value_;
};

struct LogField {
  std::string_view name;  // snake_case
  LogValue value;
};

// Where lines go. Threads: any, at once.
class LogSink {
 public:
  virtual ~LogSink() = default;

  // One line without its end. Must not block for long.
  virtual void write(LogLevel level, std::string line) = 0;
  // Waits until everything that was written before has left; false: not by the deadline.
  virtual bool flush(Time deadline) = 0;
  // Lines that had to be dropped so far.
  virtual std::uint64_t dropped() const { return 0; }
};

struct LogOptions {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::json;
  std::string service;   // in every line, unless empty
  std::string instance;  // likewise
};

class Log final {
 public:
  Log();  // writes nowhere
  Log(std::shared_ptr<Executor> executor, std::shared_ptr<LogSink> sink, LogOptions options);

  using Fields = std::initializer_list<LogField>;
  void debug(std::string_view message, Fields fields = {}) const { write(LogLevel::debug, message, fields); }
  void info(std::string_view message, Fields fields = {}) const { write(LogLevel::info, message, fields); }
  void warn(std::string_view message, Fields fields = {}) const { write(LogLevel::warn, message, fields); }
  void error(std::string_view message, Fields fields = {}) const { write(LogLevel::error, message, fields); }
  void write(LogLevel level, std::string_view message, std::span<const LogField> fields) const;

  // For what is costly to gather.
  bool enabled(LogLevel level) const;
  // For all copies, at once.
  void set_level(LogLevel level) const;

  // As LogSink: waits for what was written before, counts what was dropped.
  bool flush(Time deadline) const;
  std::uint64_t dropped() const;

 private:
  friend class Service;
  class State;
  void write(LogLevel level, std::string_view message, Fields fields) const {
    write(level, message, std::span<const LogField>{fields.begin(), fields.size()});
  }
  // Before the first line of another thread.
  void set_options(const LogOptions& options) const;

  std::shared_ptr<State> state_;
};

// Standard error, by a thread of its own. At most kLogQueueMax lines wait for it.
inline constexpr std::size_t kLogQueueMax = 8'192;
std::shared_ptr<LogSink> standard_error_sink(const std::shared_ptr<Executor>& executor);

// What the lines of this thread are about, while it lives. The text is not copied. The service opens one around every
// handler; open one yourself where you go on with an event on another thread.
//
// It is thread-local: handlers call libraries that log without being handed a Context, and their lines must be found by
// correlation id too.
class LogScope final {
 public:
  struct About {
    std::string_view event_id;
    std::string_view type;
    std::string_view correlation_id;
    int attempt = 0;
    std::size_t batch_size = 0;  // of a batch: the rest speaks of its first event
  };

  explicit LogScope(const About& about);
  ~LogScope();
  LogScope(const LogScope&) = delete;
  LogScope& operator=(const LogScope&) = delete;

  static const About* current();  // null: none on this thread

 private:
  About about_;
  const LogScope* outer_;
};

}  // namespace tidings

#pragma GCC visibility pop
