// Whether text is one JSON value (RFC 8259): for RawJson, which is carried without being read.
#pragma once

#include <cstddef>
#include <string_view>

namespace tidings {

// Grammar only: that it is UTF-8 is checked by whoever has the whole text. White space around the value is allowed.
bool is_json(std::string_view text, std::size_t depth_max);

}  // namespace tidings
