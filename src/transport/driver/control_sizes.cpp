#include "transport/driver/control_sizes.hpp"

#include <fmt/format.h>

namespace tidings::transport {

Result<void> check_control_sizes(std::string_view key, std::optional<std::string_view> value) {
  if (key.empty() || key.size() > kControlKeyMax) {
    return invalid(
        fmt::format("the control key '{}' has {} bytes, it may have 1 to {}", key, key.size(), kControlKeyMax));
  }
  if (value && value->size() > kControlValueMax) {
    return invalid(fmt::format("the value of control key '{}' has {} bytes, it may have {}", key, value->size(),
                               kControlValueMax));
  }
  return {};
}

}  // namespace tidings::transport
