#include "transport/rabbitmq/link/amqp_tls.hpp"

#include <amqp_ssl_socket.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>

namespace tidings::rabbitmq {

using transport::TlsOptions;
using transport::TlsVerify;

namespace {

std::string name_of(const Server& server) {
  return fmt::format("{}:{}", server.host, server.port);
}

// OpenSSL's words for its last error in this thread; they hold no secret.
std::string reason() {
  const char* words = ERR_reason_error_string(ERR_peek_last_error());
  return words == nullptr ? "no reason given" : words;
}

Error not_taken(std::string_view option, const std::string& file, std::string_view wanted) {
  return invalid(fmt::format("'{}={}' is not taken ({}): it must name {}", option, file, reason(), wanted));
}

// Hands the key's password out; without one the key is refused, rather than asked for at a terminal.
int give_password(char* buffer, int size, int, void* password) {
  const auto* text = static_cast<const std::string*>(password);
  if (text == nullptr || size < 0 || text->size() > static_cast<std::size_t>(size)) return -1;
  return static_cast<int>(text->copy(buffer, text->size()));
}

// OpenSSL's verdict stays; it is heard here.
int verify(X509_STORE_CTX* store, void* verdict) {
  const int ok = X509_verify_cert(store);
  if (ok <= 0) static_cast<CertificateVerdict*>(verdict)->code = X509_STORE_CTX_get_error(store);
  return ok;
}

Result<void> trust(SSL_CTX* context, const TlsOptions& tls, const Server& server, CertificateVerdict& verdict) {
  if (tls.verify == TlsVerify::none) {
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
    return {};
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(context, verify, &verdict);
  if (auto readable = transport::check_readable(tls.ca, "tls_ca"); !readable) return readable;
  const int trusted = tls.ca.empty() ? SSL_CTX_set_default_verify_paths(context)
                                     : SSL_CTX_load_verify_locations(context, tls.ca.c_str(), nullptr);
  if (trusted != 1) return not_taken("tls_ca", tls.ca, "a PEM file of certificates");
  if (tls.verify == TlsVerify::certificate) return {};
  X509_VERIFY_PARAM* wanted = SSL_CTX_get0_param(context);
  const bool is_address = X509_VERIFY_PARAM_set1_ip_asc(wanted, server.host.c_str()) == 1;
  if (!is_address && X509_VERIFY_PARAM_set1_host(wanted, server.host.data(), server.host.size()) != 1) {
    return invalid(fmt::format("'{}' is no name of a host that a certificate could have", server.host));
  }
  return {};
}

Result<void> introduce(SSL_CTX* context, const TlsOptions& tls) {
  if (tls.cert.empty()) return {};
  if (auto readable = transport::check_readable(tls.cert, "tls_cert"); !readable) return readable;
  if (auto readable = transport::check_readable(tls.key, "tls_key"); !readable) return readable;
  std::string password;
  if (!tls.key_password.empty()) {
    auto read = transport::read_secret(tls.key_password, "tls_key_password");
    if (!read) return read.error();
    password = *std::move(read);
  }
  if (SSL_CTX_use_certificate_chain_file(context, tls.cert.c_str()) != 1) {
    return not_taken("tls_cert", tls.cert, "a PEM file of our certificate");
  }
  SSL_CTX_set_default_passwd_cb(context, give_password);
  SSL_CTX_set_default_passwd_cb_userdata(context, tls.key_password.empty() ? nullptr : &password);
  const int taken = SSL_CTX_use_PrivateKey_file(context, tls.key.c_str(), SSL_FILETYPE_PEM);
  SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
  if (taken == 1) return {};
  return not_taken("tls_key", tls.key,
                   "a PEM file of the private key of `tls_cert`; its password comes by `tls_key_password_file`");
}

// What the server says, by an alert, of a handshake that it does not go on with.
Error refused_by_alert(const AmqpSecurity& security, const Server& server) {
  const std::string& cert = security.trust.cert;
  const int alert = ERR_GET_REASON(ERR_peek_last_error()) - SSL_AD_REASON_OFFSET;
  if (alert == SSL_AD_PROTOCOL_VERSION || (cert.empty() && alert == SSL_AD_HANDSHAKE_FAILURE)) {
    return invalid(fmt::format("{} refuses our TLS ({}): it takes no version and no cipher that we have",
                               name_of(server), reason()));
  }
  if (cert.empty()) {
    return invalid(
        fmt::format("{} wants a certificate of ours (mutual TLS): set `tls_cert` and `tls_key`", name_of(server)));
  }
  return invalid(fmt::format(
      "{} refuses the certificate of `tls_cert={}` ({}): has it ended, and does an authority sign it that the server "
      "trusts?",
      name_of(server), cert, reason()));
}

}  // namespace

Result<amqp_socket_t*> make_tls_socket(amqp_connection_state_t state, const AmqpSecurity& security,
                                       const Server& server, CertificateVerdict& verdict) {
  ERR_clear_error();
  verdict = {};
  amqp_socket_t* socket = amqp_ssl_socket_new(state);
  if (socket == nullptr) return unavailable("no TLS: " + reason());
  auto* context = static_cast<SSL_CTX*>(amqp_ssl_socket_get_context(socket));
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  amqp_ssl_socket_set_verify_peer(socket, security.trust.verify == TlsVerify::none ? 0 : 1);
  amqp_ssl_socket_set_verify_hostname(socket, 0);  // trust() does, addresses too
  if (auto trusted = trust(context, security.trust, server, verdict); !trusted) return trusted.error();
  if (auto introduced = introduce(context, security.trust); !introduced) return introduced.error();
  return socket;
}

std::optional<Error> tls_fault(const AmqpSecurity& security, const Server& server, const CertificateVerdict& verdict) {
  if (!security.tls) return std::nullopt;
  if (verdict.code != 0) {
    return invalid(transport::text_of(
        {.code = verdict.code, .server = name_of(server), .ca = security.trust.ca, .hosts_also = {}}));
  }
  const unsigned long last = ERR_peek_last_error();
  if (last == 0 || ERR_GET_LIB(last) != ERR_LIB_SSL) return std::nullopt;
  const int why = ERR_GET_REASON(last);
  if (why == SSL_R_WRONG_VERSION_NUMBER) {
    return invalid(fmt::format("{} speaks no TLS: write `amqp:`, or the port that does, which is 5671 by default",
                               name_of(server)));
  }
  if (why > SSL_AD_REASON_OFFSET) return refused_by_alert(security, server);
  return std::nullopt;
}

}  // namespace tidings::rabbitmq
