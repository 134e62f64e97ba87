#include "transport/rabbitmq/control/amqp_control_message.hpp"

#include <charconv>

#include "tidings/time_text.hpp"

namespace tidings::rabbitmq {

namespace {

constexpr std::string_view kToken = "tidings-put";
constexpr std::string_view kAppended = "tidings-put-at";
constexpr std::string_view kExpected = "tidings-expected";
constexpr std::string_view kExpires = "tidings-expires";
constexpr std::string_view kKeeps = "tidings-keeps";
constexpr std::string_view kRepairs = "tidings-repairs";
constexpr std::string_view kBarrier = "tidings-barrier";

std::optional<std::uint64_t> number_of(std::optional<std::string_view> text) {
  std::uint64_t number = 0;
  if (!text || std::from_chars(text->data(), text->data() + text->size(), number).ec != std::errc{}) return {};
  return number;
}

std::optional<Time> time_in(const Message& message, std::string_view name) {
  const auto text = message.note(name);
  if (!text) return std::nullopt;
  const auto time = time_of(*text);
  return time ? std::optional{*time} : std::nullopt;
}

}  // namespace

Outgoing outgoing_of(const ControlMessage& message, const std::string& stream) {
  Outgoing outgoing{.key = stream, .record = {.topic = stream, .key = message.key}};
  outgoing.record.body = message.value;
  Notes& notes = outgoing.notes;
  notes.emplace_back(kAppended, to_text(message.appended));
  if (!message.token.empty()) notes.emplace_back(kToken, message.token);
  if (message.expected) notes.emplace_back(kExpected, std::to_string(*message.expected));
  if (message.expires) notes.emplace_back(kExpires, to_text(*message.expires));
  if (message.keeps) {
    notes.emplace_back(kKeeps, std::to_string(*message.keeps));
    notes.emplace_back(kRepairs, std::to_string(message.repairs));
  }
  return outgoing;
}

Outgoing barrier_of(const std::string& token, const std::string& stream) {
  Outgoing outgoing{.key = stream, .record = {.topic = stream}};
  outgoing.record.body = "";
  outgoing.notes.emplace_back(kBarrier, token);
  return outgoing;
}

std::optional<ControlMessage> control_message(const Message& message) {
  const auto& record = message.record();
  if (!record.key) return std::nullopt;
  ControlMessage read{.key = std::string{*record.key}};
  if (record.body) read.value = std::string{*record.body};
  read.expires = time_in(message, kExpires);
  read.expected = number_of(message.note(kExpected));
  read.keeps = number_of(message.note(kKeeps));
  read.repairs = number_of(message.note(kRepairs)).value_or(0);
  read.token = message.note(kToken).value_or("");
  read.version = static_cast<std::uint64_t>(message.stream_offset()) + 1;
  read.appended = time_in(message, kAppended).value_or(Time{});
  return read;
}

std::string_view barrier_token(const Message& message) {
  return message.note(kBarrier).value_or("");
}

std::size_t bytes_in_stream(const Message& message) {
  const auto& record = message.record();
  return transport::kControlMessageBytes + record.key.value_or("").size() + record.body.value_or("").size();
}

}  // namespace tidings::rabbitmq
