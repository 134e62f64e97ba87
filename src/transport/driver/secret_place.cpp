#include "transport/driver/secret_place.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>

namespace tidings::transport {

namespace {

Error not_read(std::string_view option, const std::string& path, int why) {
  return invalid(fmt::format("'{}={}' cannot be read: {}; name a file that this process may read", option, path,
                             why == 0 ? "no regular file" : std::strerror(why)));
}

Result<std::string> file_text(const std::string& path, std::string_view option) {
  errno = 0;
  std::ifstream file{path, std::ios::binary};
  if (!file) return not_read(option, path, errno);
  std::string text(kSecretBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return not_read(option, path, errno);
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kSecretBytesMax) {
    return invalid(
        fmt::format("'{}={}' holds more than {} bytes: is it the right file?", option, path, kSecretBytesMax));
  }
  return text;
}

std::string without_line_end(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

}  // namespace

Result<std::string> read_secret(const SecretPlace& place, std::string_view option) {
  if (!place.file.empty()) {
    const std::string name = fmt::format("{}_file", option);
    auto text = file_text(place.file, name);
    if (!text) return text.error();
    std::string secret = without_line_end(*std::move(text));
    if (secret.empty()) return invalid(fmt::format("'{}={}' is empty: write the secret there", name, place.file));
    return secret;
  }
  const char* value = std::getenv(place.environment.c_str());
  if (value == nullptr || *value == '\0') {
    return invalid(
        fmt::format("'{0}_env={1}': there is no environment variable {1}, or it is empty: set it, or name a "
                    "file by '{0}_file'",
                    option, place.environment));
  }
  return std::string{value};
}

Result<void> check_readable(const std::string& path, std::string_view option) {
  if (path.empty()) return {};
  errno = 0;
  std::ifstream file{path, std::ios::binary};
  if (!file || file.peek() == std::ifstream::traits_type::eof()) return not_read(option, path, errno);
  return {};
}

}  // namespace tidings::transport
