#include <amqp.h>
#include <amqp_framing.h>

#include <array>
#include <memory>
#include <string>

#include "tests/fuzz/input_parts.hpp"
#include "tests/fuzz/targets.hpp"
#include "transport/rabbitmq/catalog/foreign_letters.hpp"
#include "transport/rabbitmq/consume/amqp_holdings.hpp"
#include "transport/rabbitmq/consume/trials.hpp"
#include "transport/rabbitmq/control/amqp_control_message.hpp"
#include "transport/rabbitmq/format/message.hpp"
#include "transport/rabbitmq/link/amqp_refusal.hpp"
#include "transport/rabbitmq/link/rabbitmq_limits.hpp"

namespace tidings::fuzz {
namespace {

using rabbitmq::bytes_of;
using rabbitmq::Message;
using transport::Record;

constexpr Time kNow{std::chrono::sys_days{std::chrono::year{2026} / 1 / 2}};

// Properties as they stand in a frame, and a body. Nothing: librabbitmq refuses the frame.
std::unique_ptr<Message> receive(std::string_view properties, std::string_view body) {
  amqp_pool_t pool;
  init_amqp_pool(&pool, 4'096);
  void* decoded = nullptr;
  std::unique_ptr<Message> message;
  if (amqp_decode_properties(AMQP_BASIC_CLASS, &pool, bytes_of(properties), &decoded) == AMQP_STATUS_OK) {
    const amqp_basic_deliver_t deliver{
        .delivery_tag = 1, .redelivered = 1, .exchange = bytes_of("events"), .routing_key = bytes_of("order.created")};
    message = std::make_unique<Message>(deliver, "orders");
    message->set_properties(*static_cast<amqp_basic_properties_t*>(decoded), body.size());
    message->append(body.substr(0, body.size() / 2));
    message->append(body.substr(body.size() / 2));
    message->finish();
  }
  empty_amqp_pool(&pool);
  return message;
}

// As the driver sends it again: a retry or a dead letter, with what stands beside it. Empty: no server takes it.
std::string send(const Record& record, const std::optional<transport::Copy>& copy) {
  if (!rabbitmq::check_fits(record)) return {};
  rabbitmq::Notes notes;
  if (copy) notes = transport::copy_headers(*copy);
  const rabbitmq::Properties properties{record, notes, kNow};
  amqp_basic_properties_t sent = properties.get();
  std::string bytes(rabbitmq::kFrameBytesMax, '\0');
  const int used = amqp_encode_properties(AMQP_BASIC_CLASS, &sent, bytes_of(bytes));
  if (used < 0) return {};
  bytes.resize(static_cast<std::size_t>(used));
  return bytes;
}

// A copy of it is what it was. The server's own word on a death moves to another place when it is sent the first time,
// and a time is added where there is none: what is sent the second time is as the first.
void check_round_trip(const Message& first) {
  const Record record = to_record(first.record());
  const std::string sent = send(record, first.copy());
  if (sent.empty()) return;
  const auto again = receive(sent, record.body.value_or(""));
  hold(again != nullptr, "what we send is AMQP");
  const Record second = to_record(again->record());
  hold(second.id == record.id && second.type == record.type && second.key == record.key, "a copy has the same names");
  hold(second.topic == record.topic && second.body == record.body, "a copy has topic and body");
  hold(second.correlation_id == record.correlation_id && second.content_type == record.content_type,
       "a copy has the same properties");
  hold(second.headers == record.headers, "a copy has the same headers");
  hold(!record.time || second.time == record.time, "a copy has the same time");
  hold(again->copy() == first.copy(), "what a copy says comes back as it was");
  const std::string sent_again = send(second, again->copy());
  hold(sent_again == sent, "a copy of a copy has the same bytes");
}

void check_uses(const Message& message) {
  static_cast<void>(rabbitmq::barrier_token(message));
  static_cast<void>(rabbitmq::Trials::key_of(message));
  static_cast<void>(rabbitmq::answer_to(message, {}));
  static_cast<void>(rabbitmq::bytes_in_stream(message));
  const auto control = rabbitmq::control_message(message);
  hold(control.has_value() == message.record().key.has_value(), "a control message has a key");
  hold(!rabbitmq::foreign_letter_id(message).empty(), "a dead letter has a name");
  const auto letter = rabbitmq::foreign_letter(message);
  hold(letter.group.starts_with(rabbitmq::kForeignGroup), "a dead letter of others is theirs");
  const auto replay = rabbitmq::foreign_replay(message);
  hold(replay || !replay.error().message.empty(), "a refusal says why");
  hold(message.bytes() == size_of(message.record()), "it has the size that it has");
}

// A length, properties, and the body.
void check_message(std::string_view input) {
  InputParts parts{input};
  const std::string_view properties = parts.sized();
  const auto message = receive(properties, parts.rest());
  if (message == nullptr) return;
  check_uses(*message);
  check_round_trip(*message);
}

// A server's words.
void check_words(std::string_view input) {
  if (const auto difference = rabbitmq::difference_of(input)) says_why(text_of(*difference), input);
  static_cast<void>(rabbitmq::exchange_in(input));
  for (const int code : {AMQP_ACCESS_REFUSED, AMQP_PRECONDITION_FAILED, AMQP_NOT_FOUND, AMQP_RESOURCE_LOCKED}) {
    const rabbitmq::Refusal refusal{.code = static_cast<std::uint16_t>(code), .words = input};
    says_why(rabbitmq::error_of(refusal, "declare queue 'q'").message, input);
  }
}

constexpr std::array kKinds{check_message, check_words};

}  // namespace

// The first byte chooses what the rest is.
void amqp(std::string_view input) {
  if (input.empty()) return;
  kKinds[static_cast<unsigned char>(input.front()) % kKinds.size()](input.substr(1));
}

}  // namespace tidings::fuzz
