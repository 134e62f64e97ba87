#include "telemetry/log_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

#include "tidings/time_text.hpp"

namespace tidings::telemetry {
namespace {

constexpr std::string_view kReplacement = "\\ufffd";

struct Character {
  char32_t code = 0;
  std::size_t bytes = 0;  // 0: not UTF-8
};

// The character at the front of `text`, which is not empty.
Character front(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return {byte(0), 1};
  const std::size_t bytes = byte(0) >= 0xF0 ? 4 : byte(0) >= 0xE0 ? 3 : 2;
  constexpr std::array<char32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
  if (byte(0) < 0xC2 || byte(0) > 0xF4 || text.size() < bytes) return {};
  char32_t code = byte(0) & (0x7Fu >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    code = (code << 6) | (byte(i) & 0x3Fu);
  }
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  return code < kLeast[bytes] || code > 0x10FFFF || surrogate ? Character{} : Character{code, bytes};
}

// Controls, line and paragraph separators, and marks that change the direction of what follows.
bool is_hidden(char32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x2028 || code == 0x2029 ||
         (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) || code == 0x200E || code == 0x200F ||
         code == 0x061C || code == 0xFEFF;
}

bool is_plain(char byte) {
  return byte >= 0x20 && byte < 0x7F && byte != '"' && byte != '\\';
}

std::string_view bounded(std::string_view text) {
  if (text.size() <= kLogTextMax) return text;
  text = text.substr(0, kLogTextMax);
  while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0) == 0x80) text.remove_suffix(1);
  if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xC0) text.remove_suffix(1);
  return text;
}

void append_quoted(std::string& to, std::string_view text) {
  to += '"';
  append_escaped(to, bounded(text));
  if (text.size() > kLogTextMax) to += "...";
  to += '"';
}

// Text that reads well without quotes.
bool is_word(std::string_view text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](char byte) { return is_plain(byte) && byte != ' ' && byte != '='; });
}

void append_number(std::string& to, double value) {
  if (std::isfinite(value)) {
    fmt::format_to(std::back_inserter(to), "{}", value);
  } else {
    append_quoted(to, std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
  }
}

enum class Quotes { always, where_needed };

void append_value(std::string& to, const LogValue::Any& value, Quotes quotes) {
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    if (quotes == Quotes::where_needed && is_word(*text) && text->size() <= kLogTextMax) {
      to += *text;
    } else {
      append_quoted(to, *text);
    }
  } else if (const auto* number = std::get_if<double>(&value)) {
    append_number(to, *number);
  } else if (const auto* truth = std::get_if<bool>(&value)) {
    to += *truth ? "true" : "false";
  } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    fmt::format_to(std::back_inserter(to), "{}", *integer);
  } else {
    fmt::format_to(std::back_inserter(to), "{}", std::get<std::uint64_t>(value));
  }
}

bool has_field(const LogLine& line, std::string_view name) {
  return std::ranges::any_of(line.fields, [&](const LogField& field) { return field.name == name; });
}

// The scope's fields that are set and that no field of the line replaces.
template <class Append>
void each_of_scope(const LogLine& line, Append append) {
  if (line.about == nullptr) return;
  const auto text = [&](std::string_view name, std::string_view value) {
    if (!value.empty() && !has_field(line, name)) append(name, LogValue{value});
  };
  text("event_id", line.about->event_id);
  text("event_type", line.about->type);
  text("correlation_id", line.about->correlation_id);
  if (line.about->attempt > 0 && !has_field(line, "attempt")) append("attempt", LogValue{line.about->attempt});
  if (line.about->batch_size > 0 && !has_field(line, "batch_size"))
    append("batch_size", LogValue{line.about->batch_size});
}

bool is_reserved(std::string_view name) {
  constexpr std::array<std::string_view, 5> kReserved{"time", "level", "service", "instance", "message"};
  return std::ranges::find(kReserved, name) != kReserved.end();
}

}  // namespace

void append_escaped(std::string& to, std::string_view text) {
  while (!text.empty()) {
    const auto plain = static_cast<std::size_t>(std::ranges::find_if_not(text, is_plain) - text.begin());
    to.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) return;
    const Character character = front(text);
    if (character.bytes == 0) {
      to += kReplacement;
    } else if (character.code == '"' || character.code == '\\') {
      to += '\\';
      to += static_cast<char>(character.code);
    } else if (character.code == '\n') {
      to += "\\n";
    } else if (is_hidden(character.code)) {
      fmt::format_to(std::back_inserter(to), "\\u{:04x}", static_cast<unsigned>(character.code));
    } else {
      to.append(text.substr(0, character.bytes));
    }
    text.remove_prefix(std::max<std::size_t>(1, character.bytes));
  }
}

std::string render_text(const LogLine& line) {
  std::string to = to_text(line.time);
  fmt::format_to(std::back_inserter(to), " {:<5} ", to_string(line.level));
  append_escaped(to, bounded(line.message));
  to += ' ';
  const auto append = [&](std::string_view name, const LogValue& value) {
    to += ' ';
    append_escaped(to, name);
    to += '=';
    append_value(to, value.get(), Quotes::where_needed);
  };
  each_of_scope(line, append);
  for (const LogField& field : line.fields) append(field.name, field.value);
  if (to.ends_with(' ')) to.pop_back();
  return to;
}

std::string render_json(const LogLine& line) {
  std::string to = "{";
  const auto append = [&](std::string_view name, const LogValue& value) {
    if (to.size() > 1) to += ',';
    append_quoted(to, name);
    to += ':';
    append_value(to, value.get(), Quotes::always);
  };
  append("time", to_text(line.time));
  append("level", to_string(line.level));
  if (!line.service.empty()) append("service", line.service);
  if (!line.instance.empty()) append("instance", line.instance);
  append("message", line.message);
  each_of_scope(line, append);
  for (const LogField& field : line.fields) {
    append(is_reserved(field.name) ? std::string{field.name} + "_" : std::string{field.name}, field.value);
  }
  to += '}';
  return to;
}

}  // namespace tidings::telemetry
