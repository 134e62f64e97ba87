// CRC32C (Castagnoli), by the processor's instruction where it has one.
#pragma once

#include <cstdint>
#include <string_view>

namespace tidings::local {

std::uint32_t crc32c(std::string_view bytes);

namespace detail {
std::uint32_t crc32c_by_table(std::string_view bytes);
}  // namespace detail

}  // namespace tidings::local
