// A log line as text or JSON.
//
// Pure. Bounds: message and texts are cut after kLogTextMax bytes.
#pragma once

#include <span>
#include <string>

#include "tidings/log.hpp"

namespace tidings::telemetry {

inline constexpr std::size_t kLogTextMax = 2'000;

struct LogLine {
  Time time{};
  LogLevel level = LogLevel::info;
  std::string_view service;
  std::string_view instance;
  std::string_view message;
  const LogScope::About* about = nullptr;
  std::span<const LogField> fields;
};

// `2026-01-02T03:04:05.123456Z warn  charged  event_type=OrderCreated attempt=2 receipt="r 7"`
std::string render_text(const LogLine& line);

// One JSON object: time, level, service, instance, message, event_id, event_type, correlation_id, attempt, fields. A
// field with one of the first five names gets an underscore at its end; one with a later name replaces it.
std::string render_json(const LogLine& line);

// Appends `text` so that it stays on its line and moves no cursor: control characters, invisible direction marks and
// bytes that are not UTF-8 come out as `\u001b`; quotes and backslashes are escaped as in JSON.
void append_escaped(std::string& to, std::string_view text);

}  // namespace tidings::telemetry
