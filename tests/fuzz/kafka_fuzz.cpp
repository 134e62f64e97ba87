#include <array>
#include <string>
#include <vector>

#include "tests/fuzz/input_parts.hpp"
#include "tests/fuzz/targets.hpp"
#include "transport/kafka/client/bearer_token.hpp"
#include "transport/kafka/client/connection_fault.hpp"
#include "transport/kafka/format/consumer_protocol.hpp"
#include "transport/kafka/format/control_message.hpp"
#include "transport/kafka/format/dead_letter_id.hpp"
#include "transport/kafka/format/dead_ranges.hpp"
#include "transport/kafka/format/history_cursor.hpp"
#include "transport/kafka/format/wire.hpp"

namespace tidings::fuzz {
namespace {

using transport::HeaderView;
using transport::Record;
using transport::RecordView;

constexpr Time kNow{std::chrono::sys_days{std::chrono::year{2026} / 1 / 2}};

struct Received {
  Record record;
  std::optional<transport::Copy> copy;
};

// As a message with those headers is read; all lie in memory that lives on.
Received receive(const std::vector<HeaderView>& headers, std::string_view body) {
  RecordView view{.topic = "orders", .body = body};
  view.time = kNow;
  kafka::read_headers(view, headers);
  transport::Copy copy;
  const bool is_copy = kafka::take_copy(view, copy);
  return {.record = to_record(view), .copy = is_copy ? std::optional{copy} : std::nullopt};
}

std::vector<HeaderView> headers_in(const rd_kafka_headers_t* handle) {
  std::vector<HeaderView> headers;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0; rd_kafka_header_get_all(handle, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
    headers.push_back({.name = name, .value = std::nullopt});
    if (value != nullptr) headers.back().value = std::string_view{static_cast<const char*>(value), size};
  }
  return headers;
}

// Headers, each a name and a value, and the body behind an empty name.
void check_message(std::string_view input) {
  InputParts parts{input};
  std::vector<std::string> names;  // as librdkafka keeps them: without a NUL
  std::vector<HeaderView> headers;
  while (!parts.done()) {
    const std::string_view name = parts.until('\n');
    if (name.empty()) break;
    const std::string_view value = parts.until('\n');
    headers.push_back({.name = name.substr(0, name.find('\0')), .value = value});
    if (value == "(null)") headers.back().value.reset();
  }
  const Received first = receive(headers, parts.rest());
  const auto handle = kafka::headers_of(first.record, first.copy ? &*first.copy : nullptr);
  const Received again = receive(headers_in(handle.get()), first.record.body.value_or(""));
  hold(again.record == first.record, "a record comes back as it was");
  hold(again.copy == first.copy, "what a copy says comes back as it was");

  RecordView view{.key = "key", .headers = headers};
  const auto control = kafka::control_message(view, 5);
  hold(control && control->version == 6, "a control message has its version");
  const Record written = kafka::record_of(*control, "tidings.control");
  const auto back = receive({}, "");
  static_cast<void>(back);
  hold(written.key == control->key, "a control message has its key");
}

void check_assignment(std::string_view input) {
  static_cast<void>(kafka::read_assignment(input));
  static_cast<void>(kafka::static_id_of(input, input.substr(0, input.size() / 2)));
}

void check_texts(std::string_view input) {
  if (const auto id = kafka::dead_letter_id(input))
    hold(kafka::dead_letter_id(text_of(*id)) == *id, "a dead letter's name comes back");
  if (const auto ranges = kafka::dead_ranges(input)) {
    hold(kafka::dead_ranges(text_of(*ranges)) == *ranges, "ranges come back");
    static_cast<void>(kafka::outside({.first = 0, .last = 1'000}, *ranges));
    static_cast<void>(kafka::offsets_to_look_at({.first = 0, .last = 1'000'000}, *ranges, 17));
  }
  if (const auto places = kafka::places_of(input))
    hold(kafka::places_of(kafka::cursor_of(*places)) == *places, "a cursor comes back");
}

void check_token(std::string_view input) {
  const auto token = kafka::read_token(input, kNow, {.user = "shop"});
  says_why(token, input);
  if (token) hold(token->expires > kNow && !token->value.empty(), "a token lives still");
}

// What librdkafka logs of brokers.
void check_log_line(std::string_view input) {
  constexpr int kVersion = 0x020002ff;
  const kafka::Security plain{.sasl = kafka::Sasl::plain, .user = "shop"}, token{.sasl = kafka::Sasl::oauthbearer};
  for (const auto& security : {plain, token, kafka::Security{.tls = true}}) {
    if (const auto fault = kafka::fault_of_log(input, security, kVersion)) says_why(fault->text, input);
  }
  static_cast<void>(kafka::remedy_of_settings(input));
}

constexpr std::array kKinds{check_message, check_assignment, check_texts, check_token, check_log_line};

}  // namespace

// The first byte chooses what the rest is.
void kafka(std::string_view input) {
  if (input.empty()) return;
  kKinds[static_cast<unsigned char>(input.front()) % kKinds.size()](input.substr(1));
}

}  // namespace tidings::fuzz
