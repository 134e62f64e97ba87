// Of an `amqp:` or `amqps:` URL: whether connections are encrypted, and who we are to the server. A secret never stands
// there, only the file or the environment variable that holds it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tidings/result.hpp"
#include "tidings/transport/url.hpp"
#include "transport/driver/tls_options.hpp"

namespace tidings::rabbitmq {

enum class Sasl {
  plain,     // by user and password
  external,  // by our certificate
};

struct AmqpSecurity {
  bool tls = false;
  transport::TlsOptions trust;
  Sasl sasl = Sasl::plain;
  std::string user = "guest";       // of plain
  transport::SecretPlace password;  // empty: that of user guest, whom RabbitMQ lets in from its own machine only
};

// Appends what is wrong to `faults`, without a secret that somebody wrote there; takes those out of the URL's options,
// and the user out of its authority.
AmqpSecurity take_security_of(transport::Url& url, std::vector<std::string>& faults);

std::span<const transport::UrlOption> security_url_options();

// Read anew for each connection: one that is replaced counts from the next one on. invalid: it cannot be read. Blocks
// on the file.
Result<std::string> password_of(const AmqpSecurity& security);
// `password_file=...`, for messages.
std::string place_of_password(const AmqpSecurity& security);

}  // namespace tidings::rabbitmq
