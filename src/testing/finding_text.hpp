// How texts of any length get into a finding.
//
// Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace tidings::testing {

// At most kFindingTextMax bytes of it, no half character, and a word about what is missing.
std::string cut_text(std::string_view text);

// Both from the first line on that is not the same, cut.
std::pair<std::string, std::string> difference(std::string_view first, std::string_view second);

}  // namespace tidings::testing
