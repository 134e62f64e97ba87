#include "transport/rabbitmq/link/amqp_security.hpp"

#include <fmt/format.h>

#include <array>

namespace tidings::rabbitmq {

using transport::Url;
using transport::UrlOption;

namespace {

constexpr std::string_view kGuest = "guest";  // RabbitMQ's own first user; the password is the same

constexpr std::array<UrlOption, 9> kOptions{{
    transport::kTlsUrlOptions[0],
    transport::kTlsUrlOptions[1],
    transport::kTlsUrlOptions[2],
    transport::kTlsUrlOptions[3],
    transport::kTlsUrlOptions[4],
    transport::kTlsUrlOptions[5],
    {"sasl", "plain, or external: our certificate says who we are; default plain"},
    {"password_file", "file of the user's password"},
    {"password_env", "or the environment variable that holds it"},
}};

// What stands before '@', taken out. A password there is refused, and not repeated.
std::string take_user(Url& url, std::vector<std::string>& faults) {
  const auto at = url.authority.rfind('@');
  if (at == std::string::npos) return {};
  const std::string before = url.authority.substr(0, at);
  url.authority.erase(0, at + 1);
  const auto colon = before.find(':');
  if (colon != std::string::npos) {
    faults.push_back(fmt::format("a password is refused before '@': {}: write {}", transport::kNoSecrets,
                                 transport::kPasswordInstead));
  }
  return before.substr(0, colon);
}

void check_tls(const Url& url, const AmqpSecurity& security, std::vector<std::string>& faults) {
  if (!security.tls && transport::has_tls_options(url)) {
    faults.emplace_back("options that begin with 'tls_' need `amqps:`: write it instead of `amqp:`");
  }
}

void check_sasl(const AmqpSecurity& security, bool has_user, std::vector<std::string>& faults) {
  if (security.sasl == Sasl::external) {
    if (!security.tls || security.trust.cert.empty()) {
      faults.emplace_back("'sasl=external' needs `amqps:`, `tls_cert` and `tls_key`: the certificate says who we are");
    }
    if (has_user || !security.password.empty()) {
      faults.emplace_back("'sasl=external' takes no user and no password: the certificate says who we are");
    }
    return;
  }
  if (security.password.empty() && security.user != kGuest) {
    faults.push_back(fmt::format("user '{}' needs a password: write {}", security.user, transport::kPasswordInstead));
  }
}

}  // namespace

AmqpSecurity take_security_of(Url& url, std::vector<std::string>& faults) {
  for (const auto& refused : transport::kRefusedPasswords) {
    transport::refuse_secret(url, refused, faults);
    url.options.erase(std::string{refused.name});
  }
  AmqpSecurity security{.tls = url.scheme == "amqps", .trust = transport::tls_options_of(url, faults)};
  const std::string user = take_user(url, faults);
  if (!user.empty()) security.user = user;
  security.password = transport::secret_place_of(url, "password", faults);
  if (const auto sasl = url.options.find("sasl"); sasl != url.options.end()) {
    if (sasl->second != "plain" && sasl->second != "external") {
      faults.push_back(fmt::format("'sasl={}': expected plain or external", sasl->second));
    }
    if (sasl->second == "external") security.sasl = Sasl::external;
  }
  check_tls(url, security, faults);
  check_sasl(security, !user.empty(), faults);
  return security;
}

std::span<const UrlOption> security_url_options() {
  return kOptions;
}

Result<std::string> password_of(const AmqpSecurity& security) {
  if (security.password.empty()) return std::string{kGuest};
  return transport::read_secret(security.password, "password");
}

std::string place_of_password(const AmqpSecurity& security) {
  if (security.password.empty()) return fmt::format("the password `{}`", kGuest);
  return security.password.file.empty()
             ? fmt::format("the password of `password_env={}`", security.password.environment)
             : fmt::format("the password of `password_file={}`", security.password.file);
}

}  // namespace tidings::rabbitmq
