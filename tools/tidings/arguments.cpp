#include "tools/tidings/arguments.hpp"

#include "operate/moment.hpp"

namespace tidings::cli {

Result<std::optional<Time>> time_argument(const std::string& name, const std::string& text, Time now) {
  if (text.empty() || text == "beginning") return std::optional<Time>{};
  const auto time = operate::moment(text, now);
  if (!time) return invalid(name + ": " + time.error().message);
  return std::optional<Time>{*time};
}

Result<transport::DeadFilter> filter_of(const DeadFilterArguments& arguments, Time now) {
  const auto since = time_argument("--since", arguments.since, now);
  if (!since) return since.error();
  return transport::DeadFilter{.group = arguments.group,
                               .topic = arguments.topic,
                               .type = arguments.type,
                               .reason = arguments.reason,
                               .since = *since};
}

}  // namespace tidings::cli
