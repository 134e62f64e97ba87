// Base64 (RFC 4648, section 4, with padding).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tidings {

constexpr std::size_t base64_size(std::size_t bytes) {
  return (bytes + 2) / 3 * 4;
}

// Writes base64_size(bytes.size()) characters; returns the end.
char* put_base64(char* to, std::string_view bytes);

// Replaces `bytes`; false: it is not base64.
bool read_base64(std::string_view text, std::string& bytes);

}  // namespace tidings
