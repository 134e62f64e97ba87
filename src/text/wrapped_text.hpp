// Lines that fit a help text.
//
// Pure.
#pragma once

#include <string>
#include <string_view>

namespace tidings::text {

inline constexpr std::size_t kColumns = 80;

// Words of `text`, the lines after the first from column `indent` on; the first begins at `column`. A word is never
// cut.
std::string wrapped(std::string_view text, std::size_t column, std::size_t indent);

// Each line of `text`, two columns in from its own indentation and wrapped; what is wrapped stands four columns
// further in.
std::string paragraph(std::string_view text);

}  // namespace tidings::text
