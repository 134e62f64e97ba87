#include "transport/kafka/client/connection_fault.hpp"

#include <fmt/format.h>

namespace tidings::kafka {

namespace {

// From here on it answers the nonce as RFC 5802 has it, which brokers check from Kafka 4 on.
constexpr int kScramVersion = 0x020601ff;

bool has(std::string_view text, std::string_view words) {
  return text.find(words) != std::string_view::npos;
}

// `[thrd:X]: sasl_ssl://HOST:PORT/bootstrap: WORDS (after 3ms in state Y)`: HOST:PORT.
std::string broker_of(std::string_view text) {
  if (const auto end = text.find("]: "); end != text.npos) text.remove_prefix(end + 3);
  text = text.substr(0, text.find(": "));
  if (const auto begin = text.find("://"); begin != text.npos) text.remove_prefix(begin + 3);
  return std::string{text.substr(0, text.find('/'))};
}

// What stands behind `mark`, without librdkafka's state.
std::string_view words_behind(std::string_view text, std::string_view mark) {
  const auto begin = text.find(mark);
  if (begin == text.npos) return {};
  text.remove_prefix(begin + mark.size());
  return text.substr(0, text.rfind(" (after "));
}

std::string scram_of(const Security& security, int version) {
  const bool scram = security.sasl == Sasl::scram_sha_256 || security.sasl == Sasl::scram_sha_512;
  if (!scram || version >= kScramVersion) return {};
  return fmt::format(
      "; librdkafka {}.{}.{} fails at {} with brokers from Kafka 4 on, whatever the password: use librdkafka 2.6.1 or "
      "later, or `sasl=plain` with TLS",
      version >> 24, (version >> 16) & 0xff, (version >> 8) & 0xff, name_of(security.sasl));
}

std::string place_of_password(const Security& security) {
  return security.password.file.empty() ? fmt::format("password_env={}", security.password.environment)
                                        : fmt::format("password_file={}", security.password.file);
}

ConnectionFault refused_user(std::string_view text, std::string_view words, const Security& security, int version) {
  if (security.sasl == Sasl::oauthbearer) {
    const std::string_view from = security.token_file.empty() ? "token_command" : "token_file";
    return {ErrorKind::invalid,
            fmt::format("{} refuses the token of `{}`: {}; is it for this cluster, and has it ended?", broker_of(text),
                        from, words)};
  }
  return {ErrorKind::invalid, fmt::format("{} refuses user '{}' by {}: {}; check `user={}` and the password of `{}`{}",
                                          broker_of(text), security.user, name_of(security.sasl), words, security.user,
                                          place_of_password(security), scram_of(security, version))};
}

ConnectionFault refused_mechanism(std::string_view text, const Security& security) {
  const std::string_view offered = words_behind(text, "broker's supported mechanisms: ");
  if (offered.empty()) {
    return {
        ErrorKind::invalid,
        fmt::format("this port of {} takes no SASL: leave `sasl` out, or name the port that does", broker_of(text))};
  }
  return {ErrorKind::invalid,
          fmt::format("{} does not take `sasl={}`; it takes: {}", broker_of(text), name_of(security.sasl), offered)};
}

ConnectionFault refused_by_alert(std::string_view text, const Security& security) {
  if (security.cert.empty()) {
    return {ErrorKind::invalid,
            fmt::format("{} wants a certificate of ours (mutual TLS): set `tls_cert` and `tls_key`", broker_of(text))};
  }
  return {
      ErrorKind::invalid,
      fmt::format("{} refuses the certificate of `tls_cert={}` ({}): has it ended, and does an authority sign it that "
                  "the broker trusts?",
                  broker_of(text), security.cert, words_behind(text, "SSL routines::"))};
}

ConnectionFault suspicion(std::string_view text, std::string_view remedy) {
  return {ErrorKind::unavailable, fmt::format("{} hung up: {}", broker_of(text), remedy), false};
}

// What may be the case; or the broker has just died.
std::optional<ConnectionFault> suspicion_of(std::string_view text, const Security& security) {
  if (has(text, "Disconnected while requesting ApiVersion") && !security.tls) {
    return suspicion(text, "if that port speaks TLS, write `tls=yes`");
  }
  if (has(text, "broker might require SASL")) {
    return suspicion(text,
                     "if that port wants to know who we are, write `sasl=...`, `user=...` and `password_file=...`");
  }
  const bool no_handshake =
      has(text, "SSL handshake failed: ") &&
      (has(text, "unexpected eof") || has(text, "Disconnected") || has(text, "wrong version number"));
  if (no_handshake) return suspicion(text, "if that port speaks no TLS, write `tls=no`");
  return std::nullopt;
}

}  // namespace

std::optional<ConnectionFault> fault_of_log(std::string_view text, const Security& security, int version) {
  for (const std::string_view mark : {"SASL authentication error: ", "SASL authentication failure: "}) {
    // The connection's end is no refusal.
    if (!has(text, mark) || has(text, "SaslAuthenticateRequest failed: ")) continue;
    return refused_user(text, words_behind(text, mark), security, version);
  }
  if (has(text, "mechanism handshake failed: ")) {
    if (has(text, "Local: ")) return std::nullopt;  // the connection's end
    return refused_mechanism(text, security);
  }
  if (has(text, "SSL routines::") && has(text, " alert ")) return refused_by_alert(text, security);
  return suspicion_of(text, security);
}

ConnectionFault fault_of_certificate(int code, std::string_view broker, const Security& security) {
  return {ErrorKind::invalid, transport::text_of({.code = code,
                                                  .server = std::string{broker},
                                                  .ca = security.ca,
                                                  .hosts_also = " and in the broker's advertised.listeners"})};
}

std::string_view remedy_of_settings(std::string_view words) {
  if (has(words, "ssl.ca.location")) return "; `tls_ca` must name a PEM file of certificates";
  if (has(words, "ssl.certificate.location")) return "; `tls_cert` must name a PEM file of our certificate";
  if (has(words, "ssl.key.location")) {
    return "; `tls_key` must name a PEM file of the private key of `tls_cert`; its password comes by "
           "`tls_key_password_file`";
  }
  return "";
}

}  // namespace tidings::kafka
