// What the URLs of several transports say alike of TLS and of secrets, and why a server's certificate is refused.
//
// Threads: pure functions.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "tidings/transport/url.hpp"
#include "transport/driver/secret_place.hpp"

namespace tidings::transport {

enum class TlsVerify {
  full,         // the servers' certificates, and that they are of the URL's hosts
  certificate,  // the certificates alone
  none,         // nothing: whoever sits between can read and change everything
};

struct TlsOptions {
  TlsVerify verify = TlsVerify::full;
  std::string ca;    // file; empty: the system's authorities
  std::string cert;  // file: ours, for servers that want one
  std::string key;   // file
  SecretPlace key_password;
};

inline constexpr std::array<UrlOption, 6> kTlsUrlOptions{{
    {"tls_ca", "PEM file of the authorities that sign the servers' certificates; default the system's"},
    {"tls_cert", "PEM file of our certificate, where the servers want one (mutual TLS)"},
    {"tls_key", "PEM file of its private key"},
    {"tls_key_password_file", "file of the password of tls_key"},
    {"tls_key_password_env", "or the environment variable that holds it"},
    {"tls_verify", "full: certificates and host names; certificate: those alone; none: nothing. Default full"},
}};

// An option by which people write a secret into a URL, and what to write instead.
struct RefusedSecret {
  std::string_view name;
  std::string_view instead;
};
inline constexpr std::string_view kNoSecrets = "secrets do not stand in a URL, which logs and process lists show";
inline constexpr std::string_view kPasswordInstead = "`password_file=FILE` or `password_env=NAME`";
inline constexpr std::array kRefusedPasswords{
    RefusedSecret{"password", kPasswordInstead},
    RefusedSecret{"passwd", kPasswordInstead},
    RefusedSecret{"sasl_password", kPasswordInstead},
    RefusedSecret{"secret", kPasswordInstead},
    RefusedSecret{"tls_key_password", "`tls_key_password_file=FILE` or `tls_key_password_env=NAME`"},
};

// These append what is wrong to `faults`, without a secret that somebody wrote there.
TlsOptions tls_options_of(const Url& url, std::vector<std::string>& faults);
// Of `<name>_file` and `<name>_env`.
SecretPlace secret_place_of(const Url& url, const std::string& name, std::vector<std::string>& faults);
void refuse_secret(const Url& url, const RefusedSecret& refused, std::vector<std::string>& faults);

bool has_tls_options(const Url& url);

// A server's certificate that OpenSSL refuses.
struct RefusedCertificate {
  int code = 0;            // X509_V_ERR_*
  std::string server;      // as messages call it
  std::string ca;          // of TlsOptions
  std::string hosts_also;  // where else, besides the URL, a host is named
};
// What is wrong with it, and what to change.
std::string text_of(const RefusedCertificate& refused);

}  // namespace tidings::transport
