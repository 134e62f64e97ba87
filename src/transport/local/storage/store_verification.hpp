// Whether a store can be read through.
#pragma once

#include <string>

#include "tidings/result.hpp"

namespace tidings::local {

// Reads every page of every tree, in a child process: LMDB dies of a damaged page (SIGBUS), or gives an error.
// Blocks as long as reading the whole file takes. corrupt: it cannot be read through. Other errors: it
// could not be looked at.
Result<void> verify_store(const std::string& directory);

}  // namespace tidings::local
