// TLS for rabbitmq-c's sockets. By itself rabbitmq-c 0.11 looks at a certificate after the handshake, does not say what
// is wrong with it, compares no addresses, and asks at a terminal for a key's password: OpenSSL does it here, as
// the URL says.
//
// Threads: one at a time.
// Blocks:  on the files that the URL names, which are read anew for each connection.
#pragma once

#include <amqp.h>

#include <memory>
#include <optional>

#include "tidings/result.hpp"
#include "transport/rabbitmq/link/amqp_options.hpp"

namespace tidings::rabbitmq {

// What OpenSSL says of the server's certificate: X509_V_ERR_*, or 0.
struct CertificateVerdict {
  int code = 0;
};

// Belongs to the connection, which must not outlive the verdict. invalid: a file cannot be read, or is not what it is
// to be; the message names its option.
Result<amqp_socket_t*> make_tls_socket(amqp_connection_state_t state, const AmqpSecurity& security,
                                       const Server& server, CertificateVerdict& verdict);

// Why the last call on such a socket, in this thread, failed; none: not for TLS.
std::optional<Error> tls_fault(const AmqpSecurity& security, const Server& server, const CertificateVerdict& verdict);

}  // namespace tidings::rabbitmq
