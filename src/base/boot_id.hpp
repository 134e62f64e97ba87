// Which start of the machine this is.
#pragma once

#include <string>

namespace tidings {

// Differs after each start of the machine; 16 bytes as text. Empty: it cannot be read (no /proc, no file descriptor
// left), and never could.
std::string boot_id();

}  // namespace tidings
