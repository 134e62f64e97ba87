// From an event that is published to the record that leaves: only declared types, never too large.
//
// Threads: any, at once.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "tidings/codec.hpp"
#include "tidings/event_type.hpp"
#include "tidings/transport/capabilities.hpp"
#include "tidings/transport/record.hpp"

namespace tidings::service {

// An event's envelope, but for its type and version, which are the struct's; and its key, if it is not the aggregate
// id.
struct Publication {
  Envelope envelope;
  std::string_view key;
};

class Encoder final {
 public:
  Encoder(std::string service, std::vector<const EventType*> declared, const transport::Capabilities& capabilities);

  // invalid: not declared. What publish() checks before it makes an id.
  Result<void> check(const EventType& type) const;

  // invalid: too large, or not encodable (Codec::encode).
  Result<transport::Record> encode(const EventType& type, const void* data, Publication publication) const;

  const Codecs& codecs() const { return codecs_; }
  Profile profile() const { return profile_; }

 private:
  std::string service_;
  std::vector<const EventType*> declared_;  // sorted
  Profile profile_;
  std::size_t record_bytes_max_;
  Codecs codecs_;
};

}  // namespace tidings::service
