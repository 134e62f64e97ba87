// The name that a person probably meant.
//
// Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tidings::text {

// Insertions, deletions, replacements and swaps of neighbours between the two.
std::size_t edit_distance(std::string_view left, std::string_view right);

// The nearest of `names`, when at most a third of its letters (and always two) differ; `-` and `_` are one. Empty:
// none.
std::string nearest_name(std::string_view name, std::span<const std::string> names);

// `; did you mean 'transport'?`, or nothing.
std::string did_you_mean(std::string_view name, std::span<const std::string> names);

}  // namespace tidings::text
