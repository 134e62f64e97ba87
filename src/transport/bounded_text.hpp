// An error's text as transports keep it.
#pragma once

#include <string>

namespace tidings::transport {

// Cut to kErrorTextMax bytes, never inside a UTF-8 character.
std::string bounded_text(std::string text);

}  // namespace tidings::transport
