#include "service/configuration/print_configuration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "telemetry/log_line.hpp"

namespace tidings::service {
namespace {

constexpr std::size_t kOriginColumn = 44;

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  telemetry::append_escaped(out, text);  // TOML's basic strings have JSON's escapes
  return out + "\"";
}

// Whether the text, read as a number by who reads the file, comes back as it is: `1.10` and `007` would not.
bool is_number(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  return error == std::errc{} && end == text.data() + text.size() && fmt::format("{}", number) == text;
}

std::string line(std::string_view key, std::string_view value, std::string_view origin) {
  const std::string left = fmt::format("{} = {}", key, is_number(value) ? std::string{value} : in_quotes(value));
  return fmt::format("{:<{}}  # {}\n", left, kOriginColumn, origin);
}

std::string header(const PolicySetting& policy) {
  const std::string handler = policy.handler.empty() ? "" : ".handler." + in_quotes(policy.handler);
  return fmt::format("\n[subscription.{}{}]\n", in_quotes(policy.subscription), handler);
}

}  // namespace

std::string print_configuration(const std::vector<Setting>& settings, const std::vector<PolicySetting>& policies,
                                const std::vector<TopicSetting>& topics) {
  std::string text;
  for (const Setting& setting : settings)
    text += line(key_of(setting.spec), shown_value(setting), to_string(setting.origin));
  std::string table;
  const auto begin = [&](std::string next) {
    if (next != table) text += next;
    table = std::move(next);
  };
  for (const PolicySetting& policy : policies) {
    begin(header(policy));
    text += line(policy.key, policy.value, to_string(policy.origin) + (policy.note.empty() ? "" : "; ") + policy.note);
  }
  for (const TopicSetting& setting : topics) {
    begin(fmt::format("\n[topic.{}]\n", in_quotes(setting.topic)));
    text += line(setting.key, setting.value, to_string(setting.origin));
  }
  return text;
}

}  // namespace tidings::service
