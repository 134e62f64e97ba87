#include "transport/kafka/format/control_message.hpp"

#include <charconv>

#include "tidings/time_text.hpp"
#include "transport/kafka/format/wire.hpp"

namespace tidings::kafka {

namespace {

constexpr std::string_view kToken = "tidings-put";
constexpr std::string_view kExpected = "tidings-expected";
constexpr std::string_view kExpires = "tidings-expires";
constexpr std::string_view kKeeps = "tidings-keeps";
constexpr std::string_view kRepairs = "tidings-repairs";

std::optional<std::uint64_t> number_of(std::optional<std::string_view> text) {
  std::uint64_t number = 0;
  if (!text || std::from_chars(text->data(), text->data() + text->size(), number).ec != std::errc{}) return {};
  return number;
}

}  // namespace

transport::Record record_of(const ControlMessage& message, const std::string& topic) {
  transport::Record record{.topic = topic, .key = message.key};
  record.body = message.value;
  const auto add = [&record](std::string_view name, std::string value) {
    record.headers.push_back({std::string{name}, std::move(value)});
  };
  if (!message.token.empty()) add(kToken, message.token);
  if (message.expected) add(kExpected, std::to_string(*message.expected));
  if (message.expires) add(kExpires, to_text(*message.expires));
  if (message.keeps) {
    add(kKeeps, std::to_string(*message.keeps));
    add(kRepairs, std::to_string(message.repairs));
  }
  return record;
}

std::optional<ControlMessage> control_message(const transport::RecordView& record, std::int64_t offset) {
  if (!record.key) return std::nullopt;
  ControlMessage read{.key = std::string{*record.key}};
  if (record.body) read.value = std::string{*record.body};
  if (const auto expires = transport::last_header(record.headers, kExpires)) {
    if (const auto time = time_of(*expires)) read.expires = *time;
  }
  read.expected = number_of(transport::last_header(record.headers, kExpected));
  read.keeps = number_of(transport::last_header(record.headers, kKeeps));
  read.repairs = number_of(transport::last_header(record.headers, kRepairs)).value_or(0);
  read.token = transport::last_header(record.headers, kToken).value_or("");
  read.version = static_cast<std::uint64_t>(offset) + 1;
  read.appended = record.time.value_or(Time{});
  return read;
}

std::optional<ControlMessage> control_message(const rd_kafka_message_t& message) {
  std::vector<transport::HeaderView> headers;
  headers.reserve(header_count(message));
  return control_message(read_record(message, "", headers), message.offset);
}

}  // namespace tidings::kafka
