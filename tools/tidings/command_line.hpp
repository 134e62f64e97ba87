// Arguments in, exit code out.
#pragma once

#include <string>
#include <vector>

#include "tools/tidings/surroundings.hpp"

namespace tidings::cli {

// `arguments`: without the program's name. Throws nothing.
int run(const std::vector<std::string>& arguments, Surroundings& surroundings);

}  // namespace tidings::cli
