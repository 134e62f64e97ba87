#include "transport/event_record.hpp"

namespace tidings::transport {

namespace {

std::vector<Header> headers_of(const Envelope& envelope, Profile profile) {
  std::vector<Header> headers;
  if (!envelope.causation_id.empty()) headers.push_back({std::string{kCausationHeader}, envelope.causation_id});
  if (profile == Profile::rabbitmq) headers.push_back({std::string{kVersionHeader}, std::to_string(envelope.version)});
  return headers;
}

}  // namespace

Result<Record> to_record(const Outgoing& event, const Codec& codec, Profile profile) {
  const Envelope& envelope = event.envelope;
  std::string body;
  if (auto encoded = codec.encode(profile, envelope, event.type, event.data, body); !encoded) return encoded.error();
  Record record{
      .topic = std::string{event.topic},
      .id = envelope.id,
      .type = envelope.type,
      .correlation_id = envelope.correlation_id,
      .content_type = std::string{codec.content_type()},
      .time = envelope.time,
      .headers = headers_of(envelope, profile),
      .body = std::move(body),
  };
  const std::string_view key = event.key.empty() ? std::string_view{envelope.aggregate_id} : event.key;
  if (!key.empty()) record.key = std::string{key};
  return record;
}

Envelope envelope_of(const RecordView& record) {
  Envelope envelope;
  read_envelope(record, envelope);
  return envelope;
}

void read_envelope(const RecordView& record, Envelope& into) {
  into.id = record.id;
  into.type = record.type;
  into.time = record.time.value_or(Time{});
  into.aggregate_id = record.key.value_or(std::string_view{});
  into.version = 1;
  into.correlation_id = record.correlation_id;
  into.causation_id = last_header(record.headers, kCausationHeader).value_or(std::string_view{});
  into.metadata.clear();
}

}  // namespace tidings::transport
