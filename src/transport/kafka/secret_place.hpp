// Reads a secret from the file or the environment variable that the URL names.
#pragma once

#include <string>
#include <string_view>

#include "tidings/result.hpp"
#include "transport/kafka/security_options.hpp"

namespace tidings::kafka {

// A line's end behind it is no part of it. invalid: not there, empty or beyond kSecretBytesMax; the message names the
// place by `option` (as `password`, of `password_file`), and never the secret. Blocks on the file.
Result<std::string> read_secret(const SecretPlace& place, std::string_view option);

// A file that librdkafka is to read. invalid: it cannot be.
Result<void> check_readable(const std::string& path, std::string_view option);

}  // namespace tidings::kafka
