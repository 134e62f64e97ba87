#include "transport/kafka/publish/packed_message.hpp"

#include <cstring>

#include "transport/kafka/format/wire.hpp"
#include "transport/kafka/publish/producer.hpp"

namespace tidings::kafka {

namespace {

constexpr std::size_t kMemoryKept = 64u << 10;  // in any case

struct HeaderSizes {
  std::uint32_t name = 0;
  std::int64_t value = -1;  // none: null
};

}  // namespace

PackedMessage::Place PackedMessage::put(std::string_view bytes) {
  const Place place{.from = bytes_.size(), .size = bytes.size(), .there = true};
  bytes_.append(bytes);
  return place;
}

void PackedMessage::pack(const Message& message, const rd_kafka_headers_t& headers) {
  // Not the memory of a large one for a small one: nothing counts it.
  if (bytes_.capacity() > kMemoryKept && bytes_.capacity() / 4 > transport::size_of(message.record))
    std::string{}.swap(bytes_);
  bytes_.assign(message.topic);
  bytes_.push_back('\0');
  key_ = put(message.record.key);
  body_ = put(message.record.body);
  partition_ = message.partition.value_or(RD_KAFKA_PARTITION_UA);
  timestamp_ = timestamp_of(message.record.time);
  is_copy_ = message.copy.has_value();
  headers_from_ = bytes_.size();
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0; rd_kafka_header_get_all(&headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    const HeaderSizes sizes{.name = static_cast<std::uint32_t>(std::strlen(name)),
                            .value = value == nullptr ? -1 : static_cast<std::int64_t>(size)};
    bytes_.append(reinterpret_cast<const char*>(&sizes), sizeof(sizes));
    bytes_.append(name, sizes.name);
    if (value != nullptr) bytes_.append(static_cast<const char*>(value), size);
  }
}

HeadersHandle PackedMessage::headers() const {
  HeadersHandle headers{rd_kafka_headers_new(8)};
  for (std::size_t at = headers_from_; at < bytes_.size();) {
    HeaderSizes sizes;
    std::memcpy(&sizes, bytes_.data() + at, sizeof(sizes));
    const char* name = bytes_.data() + at + sizeof(sizes);
    const char* value = sizes.value < 0 ? nullptr : name + sizes.name;
    const auto size = sizes.value < 0 ? 0 : static_cast<std::size_t>(sizes.value);
    rd_kafka_header_add(headers.get(), name, static_cast<ssize_t>(sizes.name), value, static_cast<ssize_t>(size));
    at += sizeof(sizes) + sizes.name + size;
  }
  return headers;
}

}  // namespace tidings::kafka
