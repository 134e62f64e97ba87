#include "transport/driver/tls_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>

namespace tidings::transport {

namespace {

std::string option(const Url& url, std::string_view name) {
  const auto found = url.options.find(name);
  return found == url.options.end() ? std::string{} : found->second;
}

TlsVerify verify_of(const Url& url, std::vector<std::string>& faults) {
  const std::string verify = option(url, "tls_verify");
  if (verify == "certificate") return TlsVerify::certificate;
  if (verify == "none") return TlsVerify::none;
  if (!verify.empty() && verify != "full") {
    faults.push_back(fmt::format("'tls_verify={}': expected full, certificate or none", verify));
  }
  return TlsVerify::full;
}

struct CertificateFault {
  std::span<const int> codes;
  std::string_view what;
  std::string_view remedy;
};
// They are part of OpenSSL's interface.
constexpr std::array kExpired{10};
constexpr std::array kNotYet{9, 11};
constexpr std::array kNoAuthority{2, 18, 19, 20, 21, 27};
constexpr std::array kOtherHost{62, 63, 64};
constexpr std::array kRevoked{23};
constexpr std::array<CertificateFault, 5> kCertificateFaults{{
    {kExpired, "has expired", "renew it at the server; if it is valid, check this machine's clock"},
    {kNotYet, "is not valid yet", "check this machine's clock, and the certificate at the server"},
    {kNoAuthority, "is signed by no authority that we trust", "name the authority's PEM file by `tls_ca`"},
    {kOtherHost, "is for other hosts than the URL's", "write a host that the certificate names, here"},
    {kRevoked, "was revoked", "renew it at the server"},
}};

}  // namespace

TlsOptions tls_options_of(const Url& url, std::vector<std::string>& faults) {
  TlsOptions tls{.verify = verify_of(url, faults),
                 .ca = option(url, "tls_ca"),
                 .cert = option(url, "tls_cert"),
                 .key = option(url, "tls_key"),
                 .key_password = secret_place_of(url, "tls_key_password", faults)};
  if (tls.cert.empty() != tls.key.empty()) {
    faults.emplace_back("'tls_cert' and 'tls_key' belong together: name both files");
  }
  if (!tls.key_password.empty() && tls.key.empty()) faults.emplace_back("'tls_key_password_*' needs 'tls_key'");
  return tls;
}

SecretPlace secret_place_of(const Url& url, const std::string& name, std::vector<std::string>& faults) {
  SecretPlace place{.file = option(url, name + "_file"), .environment = option(url, name + "_env")};
  if (!place.file.empty() && !place.environment.empty()) {
    faults.push_back(fmt::format("leave one of '{0}_file' and '{0}_env'", name));
  }
  return place;
}

void refuse_secret(const Url& url, const RefusedSecret& refused, std::vector<std::string>& faults) {
  if (!url.options.contains(refused.name)) return;
  faults.push_back(fmt::format("'{}' is refused: {}: write {}", refused.name, kNoSecrets, refused.instead));
}

bool has_tls_options(const Url& url) {
  return std::ranges::any_of(url.options, [](const auto& option) { return option.first.starts_with("tls_"); });
}

std::string text_of(const RefusedCertificate& refused) {
  const auto found = std::ranges::find_if(kCertificateFaults, [&](const CertificateFault& fault) {
    return std::ranges::find(fault.codes, refused.code) != fault.codes.end();
  });
  if (found == kCertificateFaults.end()) {
    return fmt::format(
        "the certificate of {0} is refused (OpenSSL's verification error {1}): look at it by `openssl s_client "
        "-connect {0}`",
        refused.server, refused.code);
  }
  std::string trusted;
  if (found->codes.data() == kNoAuthority.data()) {
    trusted = refused.ca.empty() ? " (the system's)" : fmt::format(" (`tls_ca={}`)", refused.ca);
  }
  std::string remedy{found->remedy};
  if (found->codes.data() == kOtherHost.data()) {
    remedy += refused.hosts_also + "; `tls_verify=certificate` does not look at hosts";
  }
  return fmt::format("the certificate of {} {}{}: {}", refused.server, found->what, trusted, remedy);
}

}  // namespace tidings::transport
