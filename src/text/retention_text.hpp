// What a topic keeps, as people write it: in files and on the command line.
//
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tidings/result.hpp"
#include "tidings/transport/retention.hpp"

namespace tidings::text {

// `endless`: without a limit. Errors: invalid, with what can be written.
Result<Duration> retention_age_of(std::string_view text);        // `7d`, `12h`
Result<std::uint64_t> retention_size_of(std::string_view text);  // `1GB`, `500MB`; a unit is 1,024 of the one before
Result<transport::Unsettled> unsettled_of(std::string_view text);

// The same, back: exact.
std::string retention_age_text(Duration age);
std::string retention_size_text(std::uint64_t bytes);
std::string unsettled_text(transport::Unsettled unsettled);

}  // namespace tidings::text
