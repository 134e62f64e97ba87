#include <string>

#include "event/base64.hpp"
#include "event/json_check.hpp"
#include "operate/moment.hpp"
#include "tests/fuzz/targets.hpp"
#include "text/duration_text.hpp"
#include "text/nearest_name.hpp"
#include "text/retention_text.hpp"
#include "text/wrapped_text.hpp"
#include "tidings/json.hpp"
#include "tidings/time_text.hpp"
#include "tidings/type_name.hpp"
#include "transport/bounded_text.hpp"

namespace tidings::fuzz {
namespace {

constexpr std::size_t kNameBytesMax = 200;  // a distance takes time by its square

// What is read is written, and read as the same.
template <class Value>
void comes_back(std::string_view input, Result<Value> (*read)(std::string_view), std::string (*write)(Value),
                const char* property) {
  const Result<Value> value = read(input);
  says_why(value, input);
  if (!value) return;
  const Result<Value> again = read(write(*value));
  hold(again && *again == *value, property);
}

std::string instant_text(Instant instant) {
  std::string text;
  append_time(text, instant);
  return text;
}
std::string length_text(Instant length) {
  std::string text;
  append_duration(text, length);
  return text;
}

void check_numbers(std::string_view input) {
  comes_back<Instant>(input, parse_time, instant_text, "a time comes back");
  comes_back<Instant>(input, parse_duration, length_text, "a length comes back");
  comes_back<Duration>(input, text::duration_of, text::duration_text, "a duration comes back");
  comes_back<Duration>(input, text::retention_age_of, text::retention_age_text, "an age comes back");
  comes_back<std::uint64_t>(input, text::retention_size_of, text::retention_size_text, "a size comes back");
  comes_back<transport::Unsettled>(input, text::unsettled_of, text::unsettled_text, "`unsettled` comes back");
  const Time now{std::chrono::sys_days{std::chrono::year{2026} / 1 / 2}};
  const auto moment = operate::moment(input, now);
  says_why(moment, input);
  if (moment) hold(!operate::age_text(now - *moment).empty() && !operate::moment_text(*moment).empty(), "it is shown");
}

void check_names(std::string_view input) {
  const std::string dotted = dotted_type(input);
  hold(dotted_type(dotted) == dotted, "a dotted type is its own dotted form");
  hold(same_type(input, dotted), "a type and its dotted form are one");
  hold(unsplit_type(dotted) == unsplit_type(input), "and have one unsplit form");
  hold(pattern_matches("#", dotted), "# matches all");
  if (dotted.find_first_of("*#") == dotted.npos) hold(pattern_matches(dotted, dotted), "a type matches itself");
  const auto half = input.substr(0, input.size() / 2);
  static_cast<void>(pattern_matches(half, input.substr(half.size())));
  const std::vector<std::string> names{"transport", "log-level", std::string{half}};
  hold(text::edit_distance(input, half) == text::edit_distance(half, input), "a distance is one both ways");
  static_cast<void>(text::did_you_mean(input, names));
}

void check_shown(std::string_view input) {
  const std::string shown = operate::printable(input);
  hold(operate::is_utf8(shown), "what is shown is UTF-8");
  hold(operate::printable(shown) == shown, "and nothing in it commands a terminal");
  hold(operate::is_utf8(operate::printable_lines(input)), "what is shown in lines is UTF-8");
  hold(operate::width_of(operate::shortened(shown, 20)) <= 20, "what is shortened fits");
  const std::string bounded = transport::bounded_text(std::string{input});
  hold(operate::is_utf8(bounded) || !operate::is_utf8(input), "no character is cut");
  static_cast<void>(text::wrapped(shown, 10, 4));
  static_cast<void>(text::paragraph(shown));
}

void check_codings(std::string_view input) {
  std::string coded(base64_size(input.size()), '\0');
  put_base64(coded.data(), input);
  std::string back;
  hold(read_base64(coded, back) && back == input, "base64 comes back");
  if (read_base64(input, back)) {
    coded.resize(base64_size(back.size()));
    put_base64(coded.data(), back);
    hold(coded == input, "there is one base64 of each text");
  }
  std::string json;
  const auto quoted = append_json_string(json, input);
  hold(static_cast<bool>(quoted) == operate::is_utf8(input), "JSON takes UTF-8, and nothing else");
  if (quoted) hold(is_json(json, 1), "a JSON string is JSON");
  if (quoted && is_json(input, 16)) {
    const std::string harmless = operate::harmless_json(std::string{input});
    hold(is_json(harmless, 16) && operate::is_utf8(harmless), "JSON that is made harmless is JSON");
  }
}

}  // namespace

void text(std::string_view input) {
  check_numbers(input);
  check_names(input.substr(0, kNameBytesMax));
  check_shown(input);
  check_codings(input);
}

}  // namespace tidings::fuzz
