#include "tidings/transport/url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace tidings::transport {

namespace {

bool is_scheme(std::string_view text) {
  return !text.empty() && std::isalpha(static_cast<unsigned char>(text.front())) &&
         std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isalnum(c) || c == '+' || c == '-' || c == '.'; });
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// `named`: what the text is called in a message, which does not show what may be a secret.
Result<std::string> percent_decoded(std::string_view text, std::string_view named) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      return invalid(
          fmt::format("{} has a '%' without two hexadecimal digits after it; write '%25' for a percent sign", named));
    }
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

// Splits at the first `mark`; the second part is empty, and `found` false, when there is none.
struct Split {
  std::string_view before;
  std::string_view after;
  bool found = false;
};

Split split(std::string_view text, char mark) {
  const std::size_t at = text.find(mark);
  if (at == std::string_view::npos) return {.before = text};
  return {text.substr(0, at), text.substr(at + 1), true};
}

Result<void> add_option(Url& url, std::string_view text) {
  const Split pair = split(text, '=');
  const auto name = percent_decoded(pair.before, fmt::format("'{}'", pair.before));
  if (!name) return name.error();
  const auto value = percent_decoded(pair.after, fmt::format("the value of '{}'", pair.before));
  if (!value) return value.error();
  if (name->empty() || value->empty()) {
    if (name->empty()) return invalid("an option of the transport URL has no name; write `name=value`");
    return invalid(fmt::format("the option '{}' of the transport URL has no value; write `name=value`", pair.before));
  }
  if (!url.options.emplace(*name, *value).second) {
    return invalid(fmt::format("the option '{}' stands twice in the transport URL; leave one of them", pair.before));
  }
  return {};
}

Result<void> add_options(Url& url, std::string_view text) {
  while (!text.empty()) {
    const Split next = split(text, '&');
    if (auto added = add_option(url, next.before); !added) return added;
    text = next.after;
  }
  return {};
}

}  // namespace

Result<Url> parse_url(std::string_view text) {
  const Split scheme = split(text, ':');
  if (!scheme.found || !is_scheme(scheme.before)) {
    return invalid(fmt::format("'{}' is not a transport URL: it begins with no scheme; write, say, `local:./events`",
                               text.substr(0, text.find_first_of(":@?"))));
  }
  Url url{.scheme = std::string{scheme.before}, .authority = {}, .path = {}, .options = {}};
  const Split query = split(scheme.after, '?');
  std::string_view rest = query.before;
  if (rest.starts_with("//")) {
    rest.remove_prefix(2);
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    url.authority = std::string{rest.substr(0, slash)};
    rest.remove_prefix(slash);
  }
  auto path = percent_decoded(rest, fmt::format("'{}'", rest));
  if (!path) return path.error();
  url.path = *std::move(path);
  if (auto added = add_options(url, query.after); !added) return added.error();
  return url;
}

Result<void> check_options(const Url& url, std::span<const UrlOption> known) {
  for (const auto& [name, value] : url.options) {
    const auto is_it = [&name = name](const UrlOption& option) { return option.name == name; };
    if (std::any_of(known.begin(), known.end(), is_it)) continue;
    std::string message = fmt::format("`{}:` has no option '{}'; ", url.scheme, name);
    message += known.empty() ? "it has none" : "its options are:";
    for (const UrlOption& option : known) message += fmt::format("\n  {}: {}", option.name, option.meaning);
    return invalid(std::move(message));
  }
  return {};
}

}  // namespace tidings::transport
