// From the bytes of a record to an event: by the codec of its content type.
//
// Threads: any, at once.
#pragma once

#include "tidings/codec.hpp"
#include "tidings/transport/capabilities.hpp"
#include "tidings/transport/settlement.hpp"

namespace tidings::service {

class EventReader final {
 public:
  // `codecs` must outlive it.
  EventReader(const Codecs& codecs, const transport::Capabilities& capabilities);

  // Codec::peek and Codec::decode. invalid also: no body, or a content type without a codec.
  Result<DecodeNotes> peek(const transport::RecordView& record, Envelope& envelope) const;
  Result<DecodeNotes> decode(const transport::RecordView& record, Envelope& envelope, const Type& type,
                             void* data) const;

  // Names an event without an id by where its record stands. False: no name, its transport has no stable positions.
  bool name(const transport::Delivery& delivery, Envelope& envelope) const;

 private:
  Result<const Codec*> codec_of(const transport::RecordView& record) const;

  const Codecs& codecs_;
  const Profile profile_;
  const bool stable_positions_;
};

}  // namespace tidings::service
