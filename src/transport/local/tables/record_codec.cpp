#include "transport/local/tables/record_codec.hpp"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <cstring>

#include "base/flaw.hpp"
#include "transport/local/storage/crc32c.hpp"

namespace tidings::local {

using transport::HeaderView;
using transport::Record;
using transport::RecordView;

namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::string_view kDamagedText = "the stored record does not match its checksum";

enum Flag : std::uint8_t { kHasKey = 1, kHasBody = 2 };

// As it lies in the store; docs/formats/local.md.
struct Wire {
  std::uint8_t version;
  std::uint8_t flags;
  std::uint16_t partition;
  std::uint32_t topic;
  std::int64_t published;
  std::uint32_t payload_bytes;
  std::uint32_t payload_crc;
  std::uint32_t headers;
  std::uint32_t header_crc;  // of what stands before it
};
static_assert(sizeof(Wire) == kRecordHeaderBytes);

std::uint32_t crc_of(const Wire& wire) {
  return crc32c({reinterpret_cast<const char*>(&wire), offsetof(Wire, header_crc)});
}

Wire load(const char* stored) {
  Wire wire;
  std::memcpy(&wire, stored, sizeof wire);
  return wire;
}

void encode_payload(const Record& record, ByteWriter& out) {
  if (record.key) out.text(*record.key);
  out.text(record.id);
  out.text(record.type);
  out.text(record.correlation_id);
  out.text(record.content_type);
  out.time(record.time);
  for (const auto& header : record.headers) {
    out.text(header.name);
    out.varint(header.value ? header.value->size() + 1 : 0);  // 0: null
    if (header.value) out.raw(*header.value);
  }
  out.text(record.broker_fields);
  if (record.body) out.raw(*record.body);
}

constexpr std::size_t kHeaderBytesLeast = 2;  // the length of its name, and that of its value

Result<Wire> checked_header(Bytes stored) {
  if (stored.size() < kRecordHeaderBytes) return corrupt("a stored record is shorter than its header");
  const Wire wire = load(stored.data());
  if (wire.header_crc != crc_of(wire)) return corrupt("the header of a stored record does not match its checksum");
  if (wire.version != kVersion) {
    return corrupt(fmt::format("a stored record has format version {}, this build reads {}", wire.version, kVersion));
  }
  // Readers make room for so many: what a header says of itself must not cost more than the record can hold.
  if (wire.headers > (stored.size() - kRecordHeaderBytes) / kHeaderBytesLeast) {
    return corrupt(fmt::format("a stored record of {} bytes says that it has {} headers", stored.size(), wire.headers));
  }
  return wire;
}

}  // namespace

std::uint32_t partition_of(std::string_view key, std::uint32_t partitions) {
  return crc32c(key) % partitions;
}

void encode_record(const Record& record, std::uint32_t topic, std::uint32_t partition, std::string& out) {
  const std::size_t start = out.size();
  out.resize(start + kRecordHeaderBytes);
  ByteWriter writer{out};
  encode_payload(record, writer);
  const Bytes payload = Bytes{out}.substr(start + kRecordHeaderBytes);
  Wire wire{
      .version = kVersion,
      .flags = static_cast<std::uint8_t>((record.key ? kHasKey : 0) | (record.body ? kHasBody : 0)),
      .partition = static_cast<std::uint16_t>(partition),
      .topic = topic,
      .published = 0,
      .payload_bytes = static_cast<std::uint32_t>(payload.size()),
      .payload_crc = crc32c(payload),
      .headers = static_cast<std::uint32_t>(record.headers.size()),
      .header_crc = 0,
  };
  wire.header_crc = crc_of(wire);
  std::memcpy(out.data() + start, &wire, sizeof wire);
}

void stamp(char* stored, Time published) {
  Wire wire = load(stored);
  wire.published = published.time_since_epoch().count();
  wire.header_crc = crc_of(wire);
  std::memcpy(stored, &wire, sizeof wire);
}

std::optional<Bytes> key_of_stored(Bytes stored) {
  if ((load(stored.data()).flags & kHasKey) == 0) return std::nullopt;
  return ByteReader{stored.substr(kRecordHeaderBytes)}.text();
}

std::optional<std::uint32_t> key_hash_of(Bytes stored) {
  const auto key = key_of_stored(stored);
  if (!key) return std::nullopt;
  return crc32c(*key);
}

RecordPlace place_of(Bytes stored) {
  const Wire wire = load(stored.data());
  return {.topic = wire.topic, .partition = wire.partition};
}

Result<RecordHeader> decode_header(Bytes stored) {
  const auto wire = checked_header(stored);
  if (!wire) return wire.error();
  return RecordHeader{.topic = wire->topic,
                      .partition = wire->partition,
                      .headers = wire->headers,
                      .published = Time{Duration{wire->published}}};
}

Result<RecordView> decode_record(Bytes stored, std::string_view topic, std::span<HeaderView> headers) {
  const auto wire = checked_header(stored);
  if (!wire) return wire.error();
  const Bytes payload = stored.substr(kRecordHeaderBytes);
  const bool whole = crc32c(payload) == wire->payload_crc || flawed(Flaw::local_damage_unseen);
  if (payload.size() != wire->payload_bytes || !whole || headers.size() < wire->headers) {
    return corrupt("a stored record does not match its checksum");
  }
  ByteReader reader{payload};
  RecordView view{.topic = topic};
  if ((wire->flags & kHasKey) != 0) view.key = reader.text();
  view.id = reader.text();
  view.type = reader.text();
  view.correlation_id = reader.text();
  view.content_type = reader.text();
  view.time = reader.time();
  for (std::uint32_t i = 0; i < wire->headers && reader.ok(); ++i) {
    headers[i] = {.name = reader.text(), .value = std::nullopt};
    if (const std::uint64_t size = reader.varint(); size > 0) headers[i].value = reader.take(size - 1);
  }
  view.headers = headers.first(wire->headers);
  view.broker_fields = reader.text();
  if ((wire->flags & kHasBody) != 0) view.body = reader.rest();
  if (!reader.done()) return corrupt("a stored record is cut off, though its checksum is right");
  return view;
}

RecordView decode_or_damaged(Bytes stored, std::string_view topic, std::span<HeaderView> headers) {
  static constexpr std::array<HeaderView, 1> kDamagedHeaders{{{.name = kDamagedHeader, .value = kDamagedText}}};
  auto view = decode_record(stored, topic, headers);
  if (view) return *view;
  return {.topic = topic, .headers = kDamagedHeaders, .body = stored};
}

Result<Record> decode_owned(Bytes stored, std::string_view topic) {
  const auto header = decode_header(stored);
  if (!header) return header.error();
  std::vector<HeaderView> headers(header->headers);
  const auto view = decode_record(stored, topic, headers);
  if (!view) return view.error();
  return transport::to_record(*view);
}

Record damaged_record(Bytes stored, std::string_view topic) {
  return {.topic = std::string{topic},
          .headers = {{std::string{kDamagedHeader}, std::string{kDamagedText}}},
          .body = std::string{stored}};
}

void EncodedBatch::add(const Record& record, std::uint32_t topic, std::uint32_t partition) {
  encode_record(record, topic, partition, bytes_);
  ends_.push_back(bytes_.size());
}

Bytes EncodedBatch::at(std::size_t index) const {
  const std::size_t start = index == 0 ? 0 : ends_[index - 1];
  return Bytes{bytes_}.substr(start, ends_[index] - start);
}

}  // namespace tidings::local
