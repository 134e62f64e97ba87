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
  Envelope envelope{
      .id = std::string{record.id},
      .type = std::string{record.type},
      .time = record.time.value_or(Time{}),
      .aggregate_id = std::string{record.key.value_or(std::string_view{})},
      .correlation_id = std::string{record.correlation_id},
  };
  if (const auto cause = last_header(record.headers, kCausationHeader)) envelope.causation_id = std::string{*cause};
  return envelope;
}

}  // namespace tidings::transport
