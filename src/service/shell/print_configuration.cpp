#include "service/shell/print_configuration.hpp"

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

bool is_number(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  return error == std::errc{} && end == text.data() + text.size();
}

std::string line(std::string_view key, std::string_view value, const Origin& origin) {
  const std::string left = fmt::format("{} = {}", key, is_number(value) ? std::string{value} : in_quotes(value));
  return fmt::format("{:<{}}  # {}\n", left, kOriginColumn, to_string(origin));
}

}  // namespace

std::string print_configuration(const std::vector<Setting>& settings, const std::vector<PolicySetting>& policies) {
  std::string text;
  for (const Setting& setting : settings) text += line(key_of(setting.spec), shown_value(setting), setting.origin);
  std::string subscription;
  for (const PolicySetting& policy : policies) {
    if (policy.subscription != subscription)
      text += fmt::format("\n[subscription.{}]\n", in_quotes(policy.subscription));
    subscription = policy.subscription;
    text += line(policy.key, policy.value, policy.origin);
  }
  return text;
}

}  // namespace tidings::service
