// Transport URLs: `scheme:path?option=value&option=value`, or `scheme://host:port,host:port/path?...`.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tidings/result.hpp"

#pragma GCC visibility push(default)

namespace tidings::transport {

struct Url {
  std::string scheme;
  std::string authority;  // what stands between `//` and the next `/` or `?`; may hold several hosts
  std::string path;
  std::map<std::string, std::string, std::less<>> options;  // percent-decoded
};

// invalid: no scheme, an option twice or without a value, bad percent-encoding.
Result<Url> parse_url(std::string_view text);

struct UrlOption {
  std::string_view name;
  std::string_view meaning;  // values and default, for messages and --help
};

// invalid, naming what is unknown and listing `known`, when an option is not among them.
Result<void> check_options(const Url& url, std::span<const UrlOption> known);

}  // namespace tidings::transport

#pragma GCC visibility pop
