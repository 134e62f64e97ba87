// Numbers and lines as people read them.
#pragma once

#include <cstdint>
#include <string>

#include "tidings/money.hpp"
#include "tidings/names.hpp"

namespace shop {

// 69,659
std::string grouped(std::int64_t number);
// $2,500,315.63
std::string dollars(tidings::Money amount);
// 01:05, or 1:02:03
std::string clock_text(tidings::Duration duration);
// Cut to `width` columns of ASCII; a cut one ends in "..".
std::string fitted(std::string text, std::size_t width);

}  // namespace shop
