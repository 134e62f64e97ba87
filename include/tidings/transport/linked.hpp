// From a URL to a transport: the explicit list of the drivers that are linked in.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tidings/executor.hpp"
#include "tidings/result.hpp"
#include "tidings/transport/place.hpp"
#include "tidings/transport/transport.hpp"

#pragma GCC visibility push(default)

namespace tidings::transport {

// Opens `memory:`, `local:DIR[?option=value&...]`, ... Blocks until the transport is usable.
// invalid: unknown scheme or option (the message lists the linked transports, or the scheme's options).
Result<std::unique_ptr<Transport>> open(std::string_view url, std::shared_ptr<Executor> executor);

// What can be known of the place that the URL names without opening it, or changing anything there.
// invalid: unknown scheme. unavailable: it cannot be looked at.
Result<Place> examine(std::string_view url);

// One line for each linked transport: its form and options, for --help and error messages.
std::vector<std::string> describe_linked();

}  // namespace tidings::transport

#pragma GCC visibility pop
