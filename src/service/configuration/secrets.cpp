#include "service/configuration/secrets.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace tidings::service {
namespace {

std::string letters_of(std::string_view name) {
  std::string letters;
  for (const char c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0)
      letters += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return letters;
}

// `//user:password@host` -> `//user:***@host`. The last `@` ends it: a password may hold one that nobody encoded.
std::string mask_authority(std::string_view url) {
  const auto begin = url.find("//");
  const auto end = begin == url.npos ? url.npos : std::min(url.find_first_of("/?", begin + 2), url.size());
  const auto at = end == url.npos ? url.npos : url.rfind('@', end);
  const auto colon = begin == url.npos ? url.npos : url.find(':', begin + 2);
  if (at == url.npos || at < begin || colon == url.npos || colon > at) return std::string{url};
  return std::string{url.substr(0, colon + 1)} + std::string{kMasked} + std::string{url.substr(at)};
}

}  // namespace

bool is_secret_name(std::string_view name) {
  if (name.ends_with("_file") || name.ends_with("_env")) return false;
  constexpr std::array<std::string_view, 6> kSecret{"password", "passwd",     "secret",
                                                    "token",    "credential", "privatekey"};
  const std::string letters = letters_of(name);
  return std::ranges::any_of(kSecret, [&](std::string_view word) { return letters.find(word) != std::string::npos; });
}

std::string mask_url(std::string_view url) {
  const auto query = std::min(url.find('?'), url.size());
  std::string masked = mask_authority(url.substr(0, query));
  std::string_view rest = url.substr(query);
  while (!rest.empty()) {
    const auto end = std::min(rest.find('&', 1), rest.size());
    const std::string_view option = rest.substr(0, end);
    const auto equals = option.find('=');
    const std::string_view name = option.substr(0, equals == option.npos ? 0 : equals);
    if (is_secret_name(name) || name.find('%') != name.npos) {  // who knows what it says
      masked.append(option.substr(0, equals + 1)).append(kMasked);
    } else {
      masked.append(option);
    }
    rest.remove_prefix(end);
  }
  return masked;
}

}  // namespace tidings::service
