#include "service/records/event_reader.hpp"

#include <fmt/format.h>

#include "tidings/uuid.hpp"

namespace tidings::service {

EventReader::EventReader(const Codecs& codecs, const transport::Capabilities& capabilities)
    : codecs_{codecs}, profile_{capabilities.profile}, stable_positions_{capabilities.stable_positions} {}

Result<const Codec*> EventReader::codec_of(const transport::RecordView& record) const {
  const Codec* codec = codecs_.find(record.content_type);
  if (!codec) {
    return invalid(fmt::format("no codec for the content type '{}'; its producer should send {}", record.content_type,
                               codecs_.standard().content_type()));
  }
  if (!record.body) return invalid("a record without a body is no event");
  return codec;
}

Result<DecodeNotes> EventReader::peek(const transport::RecordView& record, Envelope& envelope) const {
  const auto codec = codec_of(record);
  if (!codec) return codec.error();
  return (*codec)->peek(profile_, *record.body, envelope);
}

Result<DecodeNotes> EventReader::decode(const transport::RecordView& record, Envelope& envelope, const Type& type,
                                        void* data) const {
  const auto codec = codec_of(record);
  if (!codec) return codec.error();
  return (*codec)->decode(profile_, *record.body, envelope, type, data);
}

bool EventReader::name(const transport::Delivery& delivery, Envelope& envelope) const {
  if (!envelope.id.empty()) return true;
  const transport::Position& position = delivery.position;
  if (stable_positions_) envelope.id = position_id(delivery.record.topic, position.partition, position.offset);
  return stable_positions_;
}

}  // namespace tidings::service
