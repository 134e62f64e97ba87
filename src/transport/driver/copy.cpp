#include "transport/driver/copy.hpp"

#include <array>
#include <charconv>

#include "tidings/time_text.hpp"

namespace tidings::transport {

namespace {

// Each of its headers: how it is written, and read back.
struct CopyHeader {
  std::string_view name;
  std::optional<std::string> (*write)(const Copy&);  // none: left out
  void (*read)(Copy&, std::string_view);
};

std::optional<std::string> text_of(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return text;
}
std::optional<std::string> text_of(std::int64_t number, std::int64_t unsaid) {
  if (number == unsaid) return std::nullopt;
  return std::to_string(number);
}
std::optional<std::string> text_of(const std::optional<Time>& time) {
  if (!time) return std::nullopt;
  return to_text(*time);
}
template <class Number>
void read_number(Number& to, std::string_view text) {
  std::from_chars(text.data(), text.data() + text.size(), to);
}
void read_time(std::optional<Time>& to, std::string_view text) {
  if (const auto time = time_of(text)) to = *time;
}

// The group stands first, always: there a copy begins.
constexpr std::array kCopied{
    CopyHeader{kFirstOfCopy, [](const Copy& c) { return std::optional{c.group}; },
               [](Copy& c, std::string_view v) { c.group = v; }},
    CopyHeader{"tidings-subscription", [](const Copy& c) { return text_of(c.subscription); },
               [](Copy& c, std::string_view v) { c.subscription = v; }},
    CopyHeader{"tidings-topic", [](const Copy& c) { return text_of(c.topic); },
               [](Copy& c, std::string_view v) { c.topic = v; }},
    CopyHeader{"tidings-partition", [](const Copy& c) { return text_of(c.position.partition, -1); },
               [](Copy& c, std::string_view v) { read_number(c.position.partition, v); }},
    CopyHeader{"tidings-offset", [](const Copy& c) { return text_of(c.position.offset, -1); },
               [](Copy& c, std::string_view v) { read_number(c.position.offset, v); }},
    CopyHeader{"tidings-time", [](const Copy& c) { return text_of(c.time); },
               [](Copy& c, std::string_view v) { read_time(c.time, v); }},
    CopyHeader{"tidings-attempts", [](const Copy& c) { return text_of(c.attempts.failed, 0); },
               [](Copy& c, std::string_view v) { read_number(c.attempts.failed, v); }},
    CopyHeader{"tidings-crashes", [](const Copy& c) { return text_of(c.attempts.crashes, 0); },
               [](Copy& c, std::string_view v) { read_number(c.attempts.crashes, v); }},
    CopyHeader{"tidings-first-failed", [](const Copy& c) { return text_of(c.attempts.first_failed); },
               [](Copy& c, std::string_view v) { read_time(c.attempts.first_failed, v); }},
    CopyHeader{"tidings-due", [](const Copy& c) { return text_of(c.attempts.due); },
               [](Copy& c, std::string_view v) { read_time(c.attempts.due, v); }},
    CopyHeader{"tidings-error", [](const Copy& c) { return text_of(c.attempts.last_error); },
               [](Copy& c, std::string_view v) { c.attempts.last_error = v; }},
    CopyHeader{"tidings-replays", [](const Copy& c) { return text_of(c.replays, 0); },
               [](Copy& c, std::string_view v) { read_number(c.replays, v); }},
    CopyHeader{"tidings-replay-id", [](const Copy& c) { return text_of(c.replay_id); },
               [](Copy& c, std::string_view v) { c.replay_id = v; }},
    CopyHeader{"tidings-reason", [](const Copy& c) { return text_of(c.reason); },
               [](Copy& c, std::string_view v) { c.reason = v; }},
    CopyHeader{"tidings-buried", [](const Copy& c) { return text_of(c.buried); },
               [](Copy& c, std::string_view v) { read_time(c.buried, v); }},
    CopyHeader{"tidings-host", [](const Copy& c) { return text_of(c.host); },
               [](Copy& c, std::string_view v) { c.host = v; }},
    CopyHeader{"tidings-pid", [](const Copy& c) { return text_of(c.pid, 0); },
               [](Copy& c, std::string_view v) { read_number(c.pid, v); }},
};

}  // namespace

std::vector<std::pair<std::string_view, std::string>> copy_headers(const Copy& copy) {
  std::vector<std::pair<std::string_view, std::string>> headers;
  for (const CopyHeader& header : kCopied) {
    if (auto value = header.write(copy)) headers.emplace_back(header.name, *std::move(value));
  }
  return headers;
}

void read_copy_header(Copy& copy, std::string_view name, std::string_view value) {
  for (const CopyHeader& known : kCopied) {
    if (known.name == name) known.read(copy, value);
  }
}

}  // namespace tidings::transport
