#include "transport/kafka/client/security_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "text/duration_text.hpp"

namespace tidings::kafka {

using transport::Url;
using transport::UrlOption;

namespace {

constexpr Duration kLifetimeLeast = std::chrono::seconds{10};
constexpr Duration kLifetimeMost = std::chrono::hours{24};

constexpr std::array<UrlOption, 14> kOptions{{
    {"tls", "yes or no; default yes with any of the options below, otherwise no"},
    transport::kTlsUrlOptions[0],
    transport::kTlsUrlOptions[1],
    transport::kTlsUrlOptions[2],
    transport::kTlsUrlOptions[3],
    transport::kTlsUrlOptions[4],
    transport::kTlsUrlOptions[5],
    {"sasl", "plain, scram-sha-256, scram-sha-512 or oauthbearer; default none"},
    {"user", "who we are, for plain and scram"},
    {"password_file", "file of the user's password"},
    {"password_env", "or the environment variable that holds it"},
    {"token_file", "file of a token for oauthbearer, read again before it ends"},
    {"token_command", "or a shell command that prints one, run again before it ends"},
    {"token_lifetime", "of a token that does not say when it ends, 10s to 24h; default 5m"},
}};

constexpr transport::RefusedSecret kRefusedToken{"token", "`token_file=FILE` or `token_command=COMMAND`"};

struct Reserved {
  std::string_view name;
  std::string_view reason;
};
constexpr std::string_view kTlsSays = "`tls` and `sasl` say it";
constexpr std::string_view kPasswordSays =
    "secrets do not stand in a URL, which logs and process lists show: write `password_file=FILE` or "
    "`password_env=NAME`";
constexpr std::string_view kKeySays =
    "secrets do not stand in a URL, which logs and process lists show: name the key's PEM file by `tls_key`, and its "
    "password's by `tls_key_password_file`";
constexpr std::string_view kTokenSays =
    "secrets do not stand in a URL, which logs and process lists show: write `token_file=FILE` or "
    "`token_command=COMMAND`";
constexpr std::array kReserved{
    Reserved{"security.protocol", kTlsSays},
    Reserved{"sasl.mechanisms", "`sasl` says it"},
    Reserved{"sasl.mechanism", "`sasl` says it"},
    Reserved{"sasl.username", "`user` says it"},
    Reserved{"sasl.password", kPasswordSays},
    Reserved{"ssl.ca.location", "`tls_ca` says it"},
    Reserved{"ssl.ca.pem", "`tls_ca` says it"},
    Reserved{"ssl.certificate.location", "`tls_cert` says it"},
    Reserved{"ssl.certificate.pem", "`tls_cert` says it"},
    Reserved{"ssl.key.location", "`tls_key` says it"},
    Reserved{"ssl.key.pem", kKeySays},
    Reserved{"ssl.key.password", kKeySays},
    Reserved{"ssl.keystore.location", "`tls_cert` and `tls_key` say it, in PEM files"},
    Reserved{"ssl.keystore.password", kKeySays},
    Reserved{"enable.ssl.certificate.verification", "`tls_verify` says it"},
    Reserved{"ssl.endpoint.identification.algorithm", "`tls_verify` says it"},
    Reserved{"enable.sasl.oauthbearer.unsecure.jwt", "`token_file` or `token_command` say the token"},
    Reserved{"sasl.oauthbearer.method", "`token_file` or `token_command` say the token"},
    Reserved{"sasl.oauthbearer.config", kTokenSays},
    Reserved{"sasl.oauthbearer.client.id", kTokenSays},
    Reserved{"sasl.oauthbearer.client.secret", kTokenSays},
    Reserved{"sasl.oauthbearer.client.credentials.client.secret", kTokenSays},
    Reserved{"sasl.oauthbearer.assertion.private.key.pem", kTokenSays},
    Reserved{"sasl.oauthbearer.assertion.private.key.passphrase", kTokenSays},
};

constexpr std::array<std::string_view, 5> kSaslNames{"none", "plain", "scram-sha-256", "scram-sha-512", "oauthbearer"};

class SecurityReader final {
 public:
  SecurityReader(const Url& url, std::vector<std::string>& faults) : url_{url}, faults_{faults} {}

  Security read() {
    refuse_secrets();
    transport::TlsOptions tls = transport::tls_options_of(url_, faults_);
    security_.verify = tls.verify;
    security_.ca = std::move(tls.ca);
    security_.cert = std::move(tls.cert);
    security_.key = std::move(tls.key);
    security_.key_password = std::move(tls.key_password);
    security_.user = text("user");
    security_.password = transport::secret_place_of(url_, "password", faults_);
    security_.token_file = text("token_file");
    security_.token_command = text("token_command");
    read_sasl();
    read_lifetime();
    read_tls();
    check_sasl();
    return std::move(security_);
  }

 private:
  std::string text(const std::string& name) const {
    const auto found = url_.options.find(name);
    return found == url_.options.end() ? std::string{} : found->second;
  }
  bool has(std::string_view name) const { return url_.options.find(name) != url_.options.end(); }
  void say(std::string fault) { faults_.push_back(std::move(fault)); }
  void wrong(std::string_view name, std::string_view wanted) {
    say(fmt::format("'{}={}': expected {}", name, text(std::string{name}), wanted));
  }

  void refuse_secrets() {
    for (const auto& refused : transport::kRefusedPasswords) transport::refuse_secret(url_, refused, faults_);
    transport::refuse_secret(url_, kRefusedToken, faults_);
    if (url_.authority.find('@') == std::string::npos) return;
    say(fmt::format("who we are is refused before '@': {}: write `sasl=plain&user=NAME&password_file=FILE`",
                    transport::kNoSecrets));
  }

  void read_sasl() {
    if (!has("sasl")) return;
    const auto found = std::find(kSaslNames.begin() + 1, kSaslNames.end(), text("sasl"));
    if (found == kSaslNames.end()) return wrong("sasl", "plain, scram-sha-256, scram-sha-512 or oauthbearer");
    security_.sasl = static_cast<Sasl>(found - kSaslNames.begin());
  }

  void read_lifetime() {
    if (!has("token_lifetime")) return;
    const auto lifetime = text::duration_of(text("token_lifetime"));
    if (!lifetime || *lifetime < kLifetimeLeast || *lifetime > kLifetimeMost)
      return wrong("token_lifetime", "10s to 24h");
    security_.token_lifetime = *lifetime;
  }

  // What is meant to be safe is encrypted, if nobody says otherwise.
  void read_tls() {
    const bool of_tls = transport::has_tls_options(url_);
    security_.tls = of_tls || has("sasl");
    if (!has("tls")) return;
    const std::string tls = text("tls");
    if (tls != "yes" && tls != "no") return wrong("tls", "yes or no");
    security_.tls = tls == "yes";
    if (!security_.tls && of_tls) say("'tls=no' contradicts the options that begin with 'tls_': leave it, or them");
  }

  void check_sasl() {
    const bool by_password = security_.sasl != Sasl::none && security_.sasl != Sasl::oauthbearer;
    const bool by_token = security_.sasl == Sasl::oauthbearer;
    if (by_password && (security_.user.empty() || security_.password.empty())) {
      say(fmt::format("'sasl={}' needs `user=NAME`, and `password_file=FILE` or `password_env=NAME`",
                      name_of(security_.sasl)));
    }
    if (by_token && security_.token_file.empty() == security_.token_command.empty()) {
      say("'sasl=oauthbearer' needs one of `token_file=FILE` and `token_command=COMMAND`");
    }
    if (!by_password && !security_.password.empty()) say("'password_*' needs `sasl=plain` or `sasl=scram-sha-512`");
    if (!by_token && (has("token_file") || has("token_command") || has("token_lifetime"))) {
      say("'token_*' needs `sasl=oauthbearer`");
    }
    if (security_.sasl == Sasl::none && !security_.user.empty())
      say("'user' needs 'sasl', which says how it is proven");
  }

  const Url& url_;
  std::vector<std::string>& faults_;
  Security security_;
};

}  // namespace

std::string_view name_of(Sasl sasl) {
  return kSaslNames[static_cast<std::size_t>(sasl)];
}

Security take_security_of(Url& url, std::vector<std::string>& faults) {
  Security security = SecurityReader{url, faults}.read();
  for (const auto& refused : transport::kRefusedPasswords) url.options.erase(std::string{refused.name});
  url.options.erase(std::string{kRefusedToken.name});
  return security;
}

std::span<const UrlOption> security_url_options() {
  return kOptions;
}

std::string_view why_reserved(std::string_view property) {
  const auto found =
      std::find_if(kReserved.begin(), kReserved.end(), [&](const Reserved& r) { return r.name == property; });
  return found == kReserved.end() ? std::string_view{} : found->reason;
}

}  // namespace tidings::kafka
