#include "service/records/encoder.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "transport/event_record.hpp"

namespace tidings::service {

Encoder::Encoder(std::string service, std::vector<const EventType*> declared,
                 const transport::Capabilities& capabilities)
    : service_{std::move(service)},
      declared_{std::move(declared)},
      profile_{capabilities.profile},
      record_bytes_max_{capabilities.record_bytes_max} {
  std::ranges::sort(declared_);
}

Result<void> Encoder::check(const EventType& type) const {
  if (std::ranges::binary_search(declared_, &type)) return {};
  return invalid(
      fmt::format("'{}' publishes an event of type {} that it did not declare; add publishes<{}>() before it "
                  "starts",
                  service_, type.info.type, type.info.type));
}

Result<transport::Record> Encoder::encode(const EventType& type, const void* data, Publication publication) const {
  publication.envelope.type = type.info.type;
  publication.envelope.version = type.info.version;
  auto record = transport::to_record({.topic = type.info.stream(),
                                      .envelope = publication.envelope,
                                      .key = publication.key,
                                      .type = type.data,
                                      .data = data},
                                     codecs_.standard(), profile_);
  if (!record)
    return invalid(fmt::format("the event {} cannot be published: {}", type.info.type, record.error().message));
  if (const std::size_t size = transport::size_of(*record); size > record_bytes_max_) {
    return invalid(
        fmt::format("the event {} has {} bytes as a record, the transport takes {}; publish a reference to the "
                    "data instead",
                    type.info.type, size, record_bytes_max_));
  }
  return record;
}

}  // namespace tidings::service
