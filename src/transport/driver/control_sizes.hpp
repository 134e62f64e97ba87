// What a control record may be, whatever the transport.
//
// Threads: pure function.
#pragma once

#include <optional>
#include <string_view>

#include "tidings/transport/control.hpp"

namespace tidings::transport {

// invalid: the key is none, or too long, or the value is.
Result<void> check_control_sizes(std::string_view key, std::optional<std::string_view> value);

}  // namespace tidings::transport
