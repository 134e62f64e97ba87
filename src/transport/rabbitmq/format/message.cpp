#include "transport/rabbitmq/format/message.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "transport/rabbitmq/format/key_slots.hpp"
#include "transport/rabbitmq/link/field_value.hpp"
#include "transport/rabbitmq/link/rabbitmq_limits.hpp"

namespace tidings::rabbitmq {

using transport::Header;
using transport::HeaderView;
using transport::Record;

namespace {

constexpr std::string_view kKey = "aggregate_id", kType = "event_type", kTopic = "tidings-topic",
                           kTombstone = "tidings-tombstone", kBrokerFields = "tidings-broker-fields";
constexpr std::string_view kStreamOffset = "x-stream-offset", kDeliveryCount = "x-delivery-count";
constexpr std::string_view kNote = "tidings-";

// What a broker typed begins so; anything else in `broker_fields` is another broker's.
constexpr std::string_view kTable = "amqp:";
constexpr std::size_t kPoolPage = 512;

// Properties that no record has a field for: they go with what a broker typed, under names that no header has. Not
// those that say how the server is to treat the message (expiration, priority), nor who sent it (user_id, which it
// checks).
struct RareProperty {
  std::string_view name;
  amqp_flags_t flag;
  amqp_bytes_t amqp_basic_properties_t::*member;
};
constexpr std::array kRareProperties{
    RareProperty{"amqp.content_encoding", AMQP_BASIC_CONTENT_ENCODING_FLAG, &amqp_basic_properties_t::content_encoding},
    RareProperty{"amqp.reply_to", AMQP_BASIC_REPLY_TO_FLAG, &amqp_basic_properties_t::reply_to},
    RareProperty{"amqp.type", AMQP_BASIC_TYPE_FLAG, &amqp_basic_properties_t::type},
    RareProperty{"amqp.app_id", AMQP_BASIC_APP_ID_FLAG, &amqp_basic_properties_t::app_id}};

amqp_field_value_t text_value(std::string_view text) {
  amqp_field_value_t value{};
  value.kind = AMQP_FIELD_KIND_UTF8;
  value.value.bytes = bytes_of(text);
  return value;
}

// At least what of them is kept as text.
std::size_t text_bytes(const amqp_table_t& headers) {
  std::size_t bytes = 0;
  for (int i = 0; i < headers.num_entries; ++i) {
    const amqp_table_entry_t& entry = headers.entries[i];
    bytes += entry.key.len + (is_text(entry.value) ? entry.value.value.bytes.len : 0);
  }
  return bytes;
}

// What read_header() keeps as typed, and properties; others can write our header, too. A text would come back as a
// header of the record, or is too long for a property.
bool is_ours(const amqp_table_entry_t& entry) {
  if (!is_text(entry.value)) return entry.value.kind != AMQP_FIELD_KIND_VOID;
  const bool is_property =
      std::ranges::any_of(kRareProperties, [&](const RareProperty& rare) { return view_of(entry.key) == rare.name; });
  return is_property && entry.value.value.bytes.len <= kNameMax;
}

// A table of its own entries, as bytes that can be written back.
std::string encoded(std::vector<amqp_table_entry_t>& entries) {
  if (entries.empty()) return {};
  amqp_table_t table{.num_entries = static_cast<int>(entries.size()), .entries = entries.data()};
  std::string bytes(kFrameBytesMax, '\0');
  std::size_t used = 0;
  if (amqp_encode_table(bytes_of(bytes), &table, &used) != AMQP_STATUS_OK) return {};
  bytes.resize(used);
  return std::string{kTable} + bytes;
}

}  // namespace

Properties::Properties(const Record& record, const Notes& notes, Time now) {
  init_amqp_pool(&pool_, kPoolPage);
  const auto set = [this](amqp_flags_t flag, amqp_bytes_t& to, const std::string& text) {
    if (text.empty()) return;
    properties_._flags |= flag;
    to = bytes_of(text);
  };
  set(AMQP_BASIC_CONTENT_TYPE_FLAG, properties_.content_type, record.content_type);
  set(AMQP_BASIC_CORRELATION_ID_FLAG, properties_.correlation_id, record.correlation_id);
  set(AMQP_BASIC_MESSAGE_ID_FLAG, properties_.message_id, record.id);
  properties_._flags |= AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_TIMESTAMP_FLAG | AMQP_BASIC_HEADERS_FLAG;
  properties_.delivery_mode = AMQP_DELIVERY_PERSISTENT;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(record.time.value_or(now).time_since_epoch());
  properties_.timestamp = static_cast<std::uint64_t>(std::max<std::int64_t>(0, seconds.count()));
  add_headers(record, notes);
  properties_.headers = {.num_entries = static_cast<int>(headers_.size()), .entries = headers_.data()};
}

Properties::~Properties() {
  empty_amqp_pool(&pool_);
}

void Properties::add(std::string_view name, const std::optional<std::string_view>& value) {
  amqp_field_value_t field{};
  field.kind = AMQP_FIELD_KIND_VOID;
  if (value) field = text_value(*value);
  headers_.push_back({.key = bytes_of(name), .value = field});
}

void Properties::add_headers(const Record& record, const Notes& notes) {
  headers_.reserve(record.headers.size() + notes.size() + 6);
  if (!record.type.empty()) add(kType, record.type);
  if (record.key) add(kKey, *record.key);
  add(slot_header(slot_of_key(record.key ? *record.key : record.id)), std::string_view{});
  if (!record.topic.empty()) add(kTopic, record.topic);
  if (!record.body) add(kTombstone, "yes");
  if (!record.broker_fields.empty()) add_broker_fields(record.broker_fields);
  for (const Header& header : record.headers) add(header.name, header.value);
  for (const auto& [name, value] : notes) add(name, value);
}

void Properties::add_broker_fields(const std::string& fields) {
  amqp_table_t table{};
  std::size_t offset = 0;
  if (!fields.starts_with(kTable)) return add(kBrokerFields, fields);
  const amqp_bytes_t bytes = bytes_of(std::string_view{fields}.substr(kTable.size()));
  if (amqp_decode_table(bytes, &pool_, &table, &offset) != AMQP_STATUS_OK) return add(kBrokerFields, fields);
  const std::span entries{table.entries, static_cast<std::size_t>(table.num_entries)};
  if (!std::ranges::all_of(entries, is_ours)) return add(kBrokerFields, fields);
  const bool has_died = std::ranges::any_of(entries, [](const auto& entry) { return view_of(entry.key) == kDeath; });
  for (amqp_table_entry_t entry : entries) {
    if (has_died && view_of(entry.key) == kOriginalDeath) continue;  // it died again since
    if (view_of(entry.key) == kDeath) entry.key = bytes_of(kOriginalDeath);
    if (!set_property(entry)) headers_.push_back(entry);
  }
}

bool Properties::set_property(const amqp_table_entry_t& entry) {
  for (const RareProperty& rare : kRareProperties) {
    if (view_of(entry.key) != rare.name || !is_text(entry.value)) continue;
    properties_._flags |= rare.flag;
    properties_.*rare.member = entry.value.value.bytes;
    return true;
  }
  return false;
}

Result<void> check_fits(const Record& record) {
  const auto check = [&](std::string_view what, const std::string& text) -> Result<void> {
    if (text.size() <= kNameMax) return {};
    return invalid(fmt::format("the {} of a record for topic '{}' has {} bytes: RabbitMQ takes {}", what, record.topic,
                               text.size(), kNameMax));
  };
  if (auto fits = check("id", record.id); !fits) return fits;
  if (auto fits = check("correlation id", record.correlation_id); !fits) return fits;
  if (auto fits = check("content type", record.content_type); !fits) return fits;
  for (const Header& header : record.headers) {
    if (auto fits = check("name of a header", header.name); !fits) return fits;
  }
  const std::size_t bytes = transport::size_of(record);
  const std::size_t body_bytes = record.body ? record.body->size() : 0;
  if (bytes - body_bytes > kPropertiesBytesMax) {
    return invalid(
        fmt::format("the headers of a record for topic '{}' have {} bytes: the most is {}; publish a reference to the "
                    "data",
                    record.topic, bytes - body_bytes, kPropertiesBytesMax));
  }
  if (bytes > kRecordBytesMax) {
    return invalid(
        fmt::format("a record of {} bytes for topic '{}' is too large: the most is {}; publish a reference "
                    "to the data",
                    bytes, record.topic, kRecordBytesMax));
  }
  return {};
}

Message::Message(const amqp_basic_deliver_t& deliver, std::string topic)
    : tag_{deliver.delivery_tag},
      redelivered_{deliver.redelivered != 0},
      exchange_{view_of(deliver.exchange)},
      routing_key_{view_of(deliver.routing_key)},
      topic_{std::move(topic)} {}

void Message::set_properties(const amqp_basic_properties_t& properties, std::uint64_t body_bytes) {
  const auto has = [&](amqp_flags_t flag) { return (properties._flags & flag) != 0; };
  const auto length = [&](amqp_flags_t flag, const amqp_bytes_t& text) { return has(flag) ? text.len : 0; };
  memory_.reserve(length(AMQP_BASIC_CONTENT_TYPE_FLAG, properties.content_type) +
                  length(AMQP_BASIC_CORRELATION_ID_FLAG, properties.correlation_id) +
                  length(AMQP_BASIC_MESSAGE_ID_FLAG, properties.message_id) +
                  (has(AMQP_BASIC_HEADERS_FLAG) ? text_bytes(properties.headers) : 0) + body_bytes);
  if (has(AMQP_BASIC_CONTENT_TYPE_FLAG)) record_.content_type = keep(properties.content_type);
  if (has(AMQP_BASIC_CORRELATION_ID_FLAG)) record_.correlation_id = keep(properties.correlation_id);
  if (has(AMQP_BASIC_MESSAGE_ID_FLAG)) record_.id = keep(properties.message_id);
  if (has(AMQP_BASIC_TIMESTAMP_FLAG)) record_.time = amqp_time(properties.timestamp);
  if (has(AMQP_BASIC_HEADERS_FLAG)) {
    for (int i = 0; i < properties.headers.num_entries; ++i) read_header(properties.headers.entries[i]);
  }
  for (const RareProperty& rare : kRareProperties) {
    if (!has(rare.flag)) continue;
    typed_.push_back({.key = bytes_of(rare.name), .value = text_value(view_of(properties.*rare.member))});
  }
  // What it says of a copy of ours is about how that waited; what it said of the original goes with it.
  if (note(transport::kFirstOfCopy)) {
    std::erase_if(typed_, [](const auto& entry) { return view_of(entry.key) == kDeath; });
  }
  if (broker_fields_.empty()) broker_fields_ = encoded(typed_);
  typed_.clear();  // what they look into goes
  body_at_ = memory_.size();
  body_end_ = body_at_ + body_bytes;
}

std::string_view Message::keep(const amqp_bytes_t& bytes) {
  const std::size_t at = memory_.size();
  memory_.append(view_of(bytes));
  return std::string_view{memory_}.substr(at);
}

// Named ones are fields of the record, ours are notes, what is no text goes as it came.
void Message::read_header(const amqp_table_entry_t& entry) {
  const std::string_view name = view_of(entry.key);
  if (name == kStreamOffset || name == kDeliveryCount) {
    (name == kStreamOffset ? stream_offset_ : delivery_count_) = number_of(entry.value).value_or(0);
    return;
  }
  if (name.starts_with(kFirstDeath)) return;
  if (name == kDeath) death_ = last_death(entry.value);
  if (entry.value.kind == AMQP_FIELD_KIND_VOID) {
    headers_.push_back({keep(entry.key), std::nullopt});
    return;
  }
  if (!is_text(entry.value)) {
    typed_.push_back(entry);
    return;
  }
  const std::string_view value = view_of(entry.value.value.bytes);
  if (name == kType) {
    record_.type = keep(entry.value.value.bytes);
  } else if (name == kKey) {
    record_.key = keep(entry.value.value.bytes);
  } else if (name == kTopic) {
    topic_ = value;
  } else if (name == kTombstone) {
    is_tombstone_ = true;
  } else if (name == kBrokerFields) {
    broker_fields_ = value;
  } else {
    says_slot_ = says_slot_ || name.starts_with(kSlotHeader);
    auto& to = name.starts_with(kNote) ? notes_ : headers_;
    const std::string_view kept = keep(entry.key);
    to.push_back({kept, keep(entry.value.value.bytes)});
  }
}

void Message::finish() {
  if (note(transport::kFirstOfCopy)) {
    copy_.emplace();
    copy_->topic = topic_;
    for (const HeaderView& note : notes_) transport::read_copy_header(*copy_, note.name, note.value.value_or(""));
  }
  record_.topic = topic_;
  record_.headers = headers_;
  record_.broker_fields = broker_fields_;
  if (!is_tombstone_) record_.body = std::string_view{memory_}.substr(body_at_);
  bytes_ = transport::size_of(record_);
}

std::optional<std::string_view> Message::note(std::string_view name) const {
  for (const HeaderView& note : notes_) {
    if (note.name == name) return note.value;
  }
  return std::nullopt;
}

}  // namespace tidings::rabbitmq
