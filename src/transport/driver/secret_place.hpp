// Where a secret is: a file or an environment variable that a URL names, and never the URL itself.
//
// Threads: any, while none changes the environment.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "tidings/result.hpp"

namespace tidings::transport {

inline constexpr std::size_t kSecretBytesMax = 64u << 10;  // of a file, or of what a command prints, that holds one

// At most one of them is set.
struct SecretPlace {
  std::string file;
  std::string environment;
  bool empty() const { return file.empty() && environment.empty(); }
};

// A line's end behind it is no part of it. invalid: not there, empty or beyond kSecretBytesMax; the message names the
// place by `option` (as `password`, of `password_file`), and never the secret. Blocks on the file.
Result<std::string> read_secret(const SecretPlace& place, std::string_view option);

// A file that a library is to read. invalid: it cannot be.
Result<void> check_readable(const std::string& path, std::string_view option);

}  // namespace tidings::transport
