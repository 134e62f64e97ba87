// Of a `kafka:` URL: whether connections are encrypted, and who we are to the brokers. A secret never stands there,
// only the file or the environment variable that holds it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tidings/names.hpp"
#include "tidings/transport/url.hpp"
#include "transport/driver/tls_options.hpp"

namespace tidings::kafka {

using transport::SecretPlace;
using transport::TlsVerify;

enum class Sasl { none, plain, scram_sha_256, scram_sha_512, oauthbearer };

struct Security {
  bool tls = false;
  TlsVerify verify = TlsVerify::full;
  std::string ca;    // file; empty: the system's authorities
  std::string cert;  // file: ours, for brokers that want one
  std::string key;   // file
  SecretPlace key_password;
  Sasl sasl = Sasl::none;
  std::string user;
  SecretPlace password;
  std::string token_file;
  std::string token_command;                          // run by /bin/sh; prints a token
  Duration token_lifetime = std::chrono::minutes{5};  // of a token that does not say it
};

// For messages: as the URL writes it.
std::string_view name_of(Sasl sasl);

// Appends what is wrong to `faults`, without a secret that somebody wrote there; takes those out of the URL's options.
Security take_security_of(transport::Url& url, std::vector<std::string>& faults);

std::span<const transport::UrlOption> security_url_options();

// Why a property of librdkafka cannot be set by `rdkafka.NAME`; empty: it can, as far as security goes.
std::string_view why_reserved(std::string_view property);

}  // namespace tidings::kafka
