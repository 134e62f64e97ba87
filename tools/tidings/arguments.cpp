#include "tools/tidings/arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "operate/moment.hpp"
#include "tidings/decision.hpp"

namespace tidings::cli {

Result<std::optional<Time>> time_argument(const std::string& name, const std::string& text, Time now) {
  if (text.empty() || text == "beginning") return std::optional<Time>{};
  const auto time = operate::moment(text, now);
  if (!time) return invalid(name + ": " + time.error().message);
  return std::optional<Time>{*time};
}

std::function<std::string(const std::string&)> count_up_to(std::uint64_t most) {
  return [most](const std::string& text) -> std::string {
    std::uint64_t count = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (fault == std::errc{} && end == text.data() + text.size() && count >= 1 && count <= most) return "";
    return fmt::format("'{}' is no whole number from 1 to {}", text, most);
  };
}

namespace {

// The reasons of dead letters: a typo must not look like nothing to do.
constexpr Reason kReasons[] = {Reason::failed,    Reason::rejected, Reason::undecodable,
                               Reason::unhandled, Reason::conflict, Reason::crashed,
                               Reason::too_large, Reason::no_id,    Reason::timed_out};

Result<void> check_reason(const std::string& reason) {
  const auto same = [&](Reason known) { return to_string(known) == reason; };
  if (reason.empty() || std::ranges::any_of(kReasons, same)) return {};
  std::string names;
  for (const Reason known : kReasons) names += fmt::format("{}{}", names.empty() ? "" : ", ", to_string(known));
  return invalid(fmt::format("--reason: nothing is a dead letter because of '{}'; the reasons are {}", reason, names));
}

}  // namespace

Result<transport::DeadFilter> filter_of(const DeadFilterArguments& arguments, Time now) {
  if (auto known = check_reason(arguments.reason); !known) return known.error();
  const auto since = time_argument("--since", arguments.since, now);
  if (!since) return since.error();
  return transport::DeadFilter{.group = arguments.group,
                               .topic = arguments.topic,
                               .type = arguments.type,
                               .reason = arguments.reason,
                               .since = *since};
}

}  // namespace tidings::cli
