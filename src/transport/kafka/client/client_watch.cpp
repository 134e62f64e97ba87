#include "transport/kafka/client/client_watch.hpp"

#include <fmt/format.h>

#include <array>

#include "transport/driver/secret_place.hpp"
#include "transport/kafka/client/kafka_limits.hpp"

namespace tidings::kafka {

namespace {

constexpr int kError = 3;  // as syslog counts

using Settings = std::vector<std::pair<std::string, std::string>>;

std::string_view protocol_of(const Security& security) {
  if (security.sasl == Sasl::none) return security.tls ? "ssl" : "plaintext";
  return security.tls ? "sasl_ssl" : "sasl_plaintext";
}

std::string_view mechanism_of(Sasl sasl) {
  constexpr std::array<std::string_view, 5> kMechanisms{"", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"};
  return kMechanisms[static_cast<std::size_t>(sasl)];
}

Result<void> add_tls(const Security& security, Settings& settings) {
  const struct {
    std::string_view option;
    const std::string& file;
    const char* property;
  } files[] = {{"tls_ca", security.ca, "ssl.ca.location"},
               {"tls_cert", security.cert, "ssl.certificate.location"},
               {"tls_key", security.key, "ssl.key.location"}};
  for (const auto& [option, file, property] : files) {
    if (file.empty()) continue;
    if (auto readable = transport::check_readable(file, option); !readable) return readable;
    settings.emplace_back(property, file);
  }
  settings.emplace_back("enable.ssl.certificate.verification", security.verify == TlsVerify::none ? "false" : "true");
  settings.emplace_back("ssl.endpoint.identification.algorithm", security.verify == TlsVerify::full ? "https" : "none");
  if (security.key_password.empty()) return {};
  auto password = transport::read_secret(security.key_password, "tls_key_password");
  if (!password) return password.error();
  settings.emplace_back("ssl.key.password", *std::move(password));
  return {};
}

Result<void> add_sasl(const Security& security, Settings& settings) {
  settings.emplace_back("sasl.mechanisms", mechanism_of(security.sasl));
  if (security.sasl == Sasl::oauthbearer) return {};
  auto password = transport::read_secret(security.password, "password");
  if (!password) return password.error();
  settings.emplace_back("sasl.username", security.user);
  settings.emplace_back("sasl.password", *std::move(password));
  return {};
}

std::int64_t milliseconds_of(Time time) {
  return std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

}  // namespace

ClientWatch::ClientWatch(const Security& security, std::shared_ptr<Executor> executor)
    : security_{security}, executor_{executor}, tokens_{security, std::move(executor)} {}

Result<Settings> ClientWatch::settings() const {
  Settings settings{{"security.protocol", std::string{protocol_of(security_)}}};
  if (security_.tls) {
    if (auto added = add_tls(security_, settings); !added) return added.error();
  }
  if (security_.sasl != Sasl::none) {
    if (auto added = add_sasl(security_, settings); !added) return added.error();
  }
  return settings;
}

void ClientWatch::attach(rd_kafka_conf_t* conf) {
  rd_kafka_conf_set_opaque(conf, this);
  rd_kafka_conf_set_log_cb(conf, log);
  if (security_.tls && security_.verify != TlsVerify::none) rd_kafka_conf_set_ssl_cert_verify_cb(conf, verify);
  if (security_.sasl != Sasl::oauthbearer) return;
  rd_kafka_conf_set_oauthbearer_token_refresh_cb(conf, refresh);
  rd_kafka_conf_enable_sasl_queue(conf, 1);
}

Result<void> ClientWatch::begin(rd_kafka_t* client) {
  if (security_.sasl != Sasl::oauthbearer) return {};
  const ErrorHandle error{rd_kafka_sasl_background_callbacks_enable(client)};
  if (error) return to_error(*error, "have tokens renewed");
  return {};
}

std::string ClientWatch::last_words() const {
  const std::lock_guard lock{mutex_};
  return last_words_;
}

std::optional<ConnectionFault> ClientWatch::fault() const {
  const Time now = executor_->now();
  const std::lock_guard lock{mutex_};
  if (!fault_ || now - fault_at_ > kFaultFresh) return std::nullopt;
  return fault_;
}

void ClientWatch::log(const rd_kafka_t* client, int level, const char*, const char* text) {
  if (client == nullptr) return;
  auto* self = static_cast<ClientWatch*>(rd_kafka_opaque(client));
  if (self != nullptr) self->hear(level, text);
}

// What is suspected only comes with level 6, too.
void ClientWatch::hear(int level, const char* text) {
  if (auto fault = fault_of_log(text, security_, rd_kafka_version())) note(*std::move(fault));
  if (level > kError) return;
  const std::lock_guard lock{mutex_};
  last_words_ = text;
}

// A suspicion does not hide what is known.
void ClientWatch::note(ConnectionFault fault) {
  if (!fault.certain && reached_) return;
  const Time now = executor_->now();
  const std::lock_guard lock{mutex_};
  const bool knows = fault_ && fault_->certain && now - fault_at_ <= kFaultFresh;
  if (knows && !fault.certain) return;
  fault_ = std::move(fault);
  fault_at_ = now;
}

// OpenSSL's verdict stays; it is heard here, for librdkafka does not say why.
int ClientWatch::verify(rd_kafka_t*, const char* broker, std::int32_t, int* fault, int, const char*, std::size_t,
                        char* words, std::size_t words_size, void* self) {
  if (*fault == 0) return 1;
  auto found = fault_of_certificate(*fault, broker, static_cast<ClientWatch*>(self)->security_);
  const auto end = fmt::format_to_n(words, words_size - 1, "{}", found.text).out;
  *end = '\0';
  static_cast<ClientWatch*>(self)->note(std::move(found));
  return 0;
}

// librdkafka asks when four fifths of a token's life are over, and again 10 s after a failure.
void ClientWatch::refresh(rd_kafka_t* client, const char*, void* opaque) {
  auto* self = static_cast<ClientWatch*>(opaque);
  auto token = self->tokens_.token();
  if (!token) {
    self->note({token.error().kind, token.error().message});
    rd_kafka_oauthbearer_set_token_failure(client, token.error().message.c_str());
    return;
  }
  std::array<char, 256> words{};
  const auto code = rd_kafka_oauthbearer_set_token(client, token->value.c_str(), milliseconds_of(token->expires),
                                                   token->principal.c_str(), nullptr, 0, words.data(), words.size());
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return;
  self->note({ErrorKind::invalid, fmt::format("the token is not taken: {}", words.data())});
  rd_kafka_oauthbearer_set_token_failure(client, words.data());
}

}  // namespace tidings::kafka
