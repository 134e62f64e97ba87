#include "transport/kafka/client/bearer_token.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/describe.hpp>
#include <cmath>

#include "event/base64.hpp"
#include "tidings/json.hpp"
#include "transport/driver/secret_place.hpp"
#include "transport/kafka/client/kafka_limits.hpp"
#include "transport/kafka/client/token_command.hpp"

namespace tidings::kafka {

namespace {

// Of RFC 7519.
struct Claims {
  std::optional<double> exp;
  std::optional<std::string> sub;
};
BOOST_DESCRIBE_STRUCT(Claims, (), (exp, sub))

constexpr double kSecondsMost = 1e11;  // of a time that a clock can show

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

// RFC 6750: what may stand behind `Bearer`.
bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > 0x20 && c < 0x7f; });
}

// Base64 as URLs have it, without padding.
std::optional<std::string> from_base64url(std::string_view text) {
  std::string usual{text};
  std::replace(usual.begin(), usual.end(), '-', '+');
  std::replace(usual.begin(), usual.end(), '_', '/');
  usual.append((4 - usual.size() % 4) % 4, '=');
  std::string bytes;
  if (!read_base64(usual, bytes)) return std::nullopt;
  return bytes;
}

// What the middle one of three parts says.
Claims claims_of(std::string_view token) {
  const auto first = token.find('.');
  const auto second = first == token.npos ? token.npos : token.find('.', first + 1);
  if (second == token.npos) return {};
  const auto text = from_base64url(token.substr(first + 1, second - first - 1));
  if (!text) return {};
  auto claims = from_json<Claims>(*text);
  return claims ? *std::move(claims) : Claims{};
}

}  // namespace

Result<BearerToken> read_token(std::string_view text, Time now, const Security& security) {
  const std::string_view value = trimmed(text);
  const std::string_view from = security.token_file.empty() ? "token_command" : "token_file";
  if (!is_token(value)) {
    return invalid(fmt::format("'{}' gives no token: {}", from,
                               value.empty() ? "nothing came" : "there are characters in it that no token has"));
  }
  const Claims claims = claims_of(value);
  BearerToken token{.value = std::string{value}, .obtained = now, .expires = now + security.token_lifetime};
  token.principal = claims.sub && !claims.sub->empty() ? *claims.sub
                    : security.user.empty()            ? "tidings"
                                                       : security.user;
  if (claims.exp && std::isfinite(*claims.exp) && std::abs(*claims.exp) < kSecondsMost) {
    const std::chrono::duration<double> since{*claims.exp};
    token.expires = Time{std::chrono::duration_cast<Time::duration>(since)};
  }
  if (token.expires <= now) return invalid(fmt::format("'{}' gives a token that has ended: renew it", from));
  return token;
}

TokenSource::TokenSource(Security security, std::shared_ptr<Executor> executor)
    : security_{std::move(security)}, executor_{std::move(executor)}, fetched_{executor_->condition()} {}

Result<BearerToken> TokenSource::token() {
  {
    std::unique_lock lock{mutex_};
    while (fetching_) fetched_->wait_until(lock, executor_->now() + kTokenCommandWithin);
    const Time now = executor_->now();
    if (last_ && now < last_->obtained + (last_->expires - last_->obtained) / 2) return *last_;
    fetching_ = true;
  }
  auto fetched = fetch();
  const std::lock_guard lock{mutex_};
  fetching_ = false;
  if (fetched) last_ = *fetched;
  fetched_->notify_all();
  return fetched;
}

Result<BearerToken> TokenSource::fetch() const {
  auto text = security_.token_file.empty()
                  ? run_token_command(security_.token_command, *executor_)
                  : transport::read_secret({.file = security_.token_file, .environment = {}}, "token");
  if (!text) return text.error();
  return read_token(*text, executor_->now(), security_);
}

}  // namespace tidings::kafka
