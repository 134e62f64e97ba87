// Whether all of a store's file can be read.
#pragma once

#include <string>

namespace tidings::local {

// Reads it as another process would. Dies of a signal where it is cut off or damaged: call it in a child.
// 0: it can be read; an errno: it could not be looked at; negative: it is damaged.
int read_through(const std::string& directory);

}  // namespace tidings::local
