// Which start of the machine this is.
#pragma once

#include <string>

namespace tidings {

// Differs after each start of the machine; 16 bytes as text.
std::string boot_id();

}  // namespace tidings
