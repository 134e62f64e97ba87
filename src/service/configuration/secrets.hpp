// What must not be shown.
//
// Pure.
#pragma once

#include <string>
#include <string_view>

namespace tidings::service {

inline constexpr std::string_view kMasked = "***";

// Names that speak of secrets: password, secret, token, credential, private key. Not those of a place where one lies:
// `password_file`, `password_env`.
bool is_secret_name(std::string_view name);

// The URL with the password of its authority, and the values of options with secret names, masked.
std::string mask_url(std::string_view url);

}  // namespace tidings::service
