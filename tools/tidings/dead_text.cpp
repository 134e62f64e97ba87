#include "tools/tidings/dead_text.hpp"

#include <fmt/format.h>

#include "operate/display.hpp"
#include "operate/moment.hpp"
#include "tidings/time_text.hpp"

namespace tidings::cli {

namespace {

using operate::DeadDetail;
using operate::DeadRow;
using operate::printable;

constexpr std::size_t kBytesShown = 4'096;  // of a body that is no text; --json has all
constexpr std::size_t kBytesALine = 16;

class Lines final {
 public:
  void add(std::string_view name, std::string_view value) {
    if (!value.empty()) text_ += fmt::format("{:<15}{}\n", name, printable(value));
  }
  void add(std::string_view name, const std::optional<Time>& time, Time now) {
    if (time) add(name, fmt::format("{} ({} ago)", to_text(*time), operate::age_text(now - *time)));
  }
  void raw(std::string_view text) { text_ += text; }
  std::string text() && { return std::move(text_); }

 private:
  std::string text_;
};

std::string key_text(const DeadRow& row) {
  if (row.key) return *row.key;
  return row.key_base64 ? printable(row.key_base64->data) : "";
}

std::string hex_lines(std::string_view bytes) {
  std::string text;
  for (std::size_t at = 0; at < bytes.size() && at < kBytesShown; at += kBytesALine) {
    std::string hex;
    std::string shown;
    for (const char c : bytes.substr(at, kBytesALine)) {
      hex += fmt::format("{:02x} ", static_cast<unsigned char>(c));
      shown += c >= ' ' && c <= '~' ? c : '.';
    }
    text += fmt::format("{:08x}  {:<48} {}\n", at, hex, shown);
  }
  if (bytes.size() > kBytesShown)
    text += fmt::format("... {} more bytes; --json has all\n", bytes.size() - kBytesShown);
  return text;
}

std::string body_text(const DeadDetail& letter) {
  if (letter.body) return operate::harmless_json(operate::pretty_json(letter.body->text)) + "\n";
  if (letter.body_text) return operate::printable_lines(*letter.body_text) + "\n";
  return letter.body_base64 ? hex_lines(letter.body_base64->data) : "(null: a tombstone)\n";
}

std::string replay_command(const std::string& id, const ChosenUrl& url) {
  const std::string where =
      url.origin == Origin::flag ? fmt::format("--transport {} ", operate::shell_quoted(url.text)) : "";
  return fmt::format("tidings {}dead replay {}", where, operate::shell_quoted(id));
}

}  // namespace

Table dead_table(const operate::DeadPage& page, Time now) {
  Table table{{{"ID"},
               {"AGE", Align::right},
               {"GROUP", Align::left, Fit::cuttable},
               {"TYPE", Align::left, Fit::cuttable},
               {"REASON"},
               {"ATTEMPTS", Align::right},
               {"ERROR", Align::left, Fit::cuttable}}};
  for (const DeadRow& row : page.dead_letters) {
    table.add({row.id, operate::age_text(now - row.buried), row.group, row.event_type.empty() ? "-" : row.event_type,
               row.reason, std::to_string(row.attempts), row.error});
  }
  return table;
}

std::string dead_text(const DeadDetail& letter, Time now, const ChosenUrl& url) {
  Lines lines;
  lines.add("dead letter", letter.id);
  lines.add("group", letter.group);
  lines.add("subscription", letter.subscription);
  lines.add("reason", letter.reason);
  lines.add("error", letter.error);
  lines.add("attempts", fmt::format("{}, crashes {}, replays {}", letter.attempts, letter.crashes, letter.replays));
  lines.add("first failed", letter.first_failed, now);
  lines.add("buried", letter.buried, now);
  lines.add("by process", letter.host.empty() ? "" : fmt::format("{} on {}", letter.pid, letter.host));
  lines.add("stood at", fmt::format("{}, partition {}, position {}", letter.topic, letter.partition, letter.position));
  lines.add("event id", letter.event_id);
  lines.add("event type", letter.event_type);
  lines.add("event time", letter.time, now);
  lines.add("key", key_text(letter));
  lines.add("correlation id", letter.correlation_id);
  lines.add("content type", letter.content_type);
  for (const operate::HeaderRow& header : letter.headers) {
    const std::string value = header.value          ? *header.value
                              : header.value_base64 ? printable(header.value_base64->data)
                                                    : "(null)";
    lines.add("header", fmt::format("{}: {}", header.name, value));
  }
  lines.raw(fmt::format("\nbody, {} bytes:\n", letter.body_bytes));
  lines.raw(body_text(letter));
  lines.raw(fmt::format("\nreplay it with: {}\n", replay_command(letter.id, url)));
  return std::move(lines).text();
}

}  // namespace tidings::cli
