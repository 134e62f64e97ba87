#include "text/option_reader.hpp"

#include <algorithm>

#include "text/duration_text.hpp"

namespace tidings::text {

namespace {

bool is_name_part(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
}

}  // namespace

void OptionReader::duration(std::string_view name, Duration least, Duration most, Duration& to) {
  const std::string* text = find(name);
  if (text == nullptr) return;
  const auto duration = duration_of(*text);
  if (!duration || *duration < least || *duration > most) {
    return wrong(name, *text, fmt::format("{} to {}", duration_text(least), duration_text(most)));
  }
  to = *duration;
}

void OptionReader::prefix(std::string& to) {
  const std::string* text = find("prefix");
  if (text == nullptr) return;
  if (!is_name_part(*text)) return wrong("prefix", *text, "letters, digits, '.', '_' and '-'");
  to = *text;
}

void OptionReader::choice(std::string_view name, std::string_view first, std::string_view second, bool& is_first) {
  const std::string* text = find(name);
  if (text == nullptr) return;
  if (*text != first && *text != second) return wrong(name, *text, fmt::format("{} or {}", first, second));
  is_first = *text == first;
}

const std::string* OptionReader::find(std::string_view name) const {
  const auto found = url_.options.find(name);
  return found == url_.options.end() ? nullptr : &found->second;
}

void OptionReader::wrong(std::string_view name, std::string_view value, std::string_view wanted) {
  say(fmt::format("'{}={}': expected {}", name, value, wanted));
}

void OptionReader::say(std::string_view fault) {
  faults_.append(faults_.empty() ? "" : "; ").append(fault);
}

}  // namespace tidings::text
