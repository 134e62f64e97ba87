// A message in one piece of memory, which the next one uses again: what a producer keeps until it is confirmed.
//
// Strings that one thread makes and another frees have both wait for the allocator; these stay.
// Threads: one at a time. What it returns is valid until the next pack().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "transport/kafka/client/rdkafka.hpp"

namespace tidings::kafka {

struct Message;

class PackedMessage final {
 public:
  // `headers`: all that it is sent with.
  void pack(const Message& message, const rd_kafka_headers_t& headers);

  const char* topic() const { return bytes_.c_str(); }  // on the cluster
  std::optional<std::string_view> key() const { return at(key_); }
  std::optional<std::string_view> body() const { return at(body_); }
  std::int32_t partition() const { return partition_; }  // or RD_KAFKA_PARTITION_UA
  std::int64_t timestamp() const { return timestamp_; }
  bool is_copy() const { return is_copy_; }
  // Made anew.
  HeadersHandle headers() const;
  std::size_t memory() const { return bytes_.capacity(); }

 private:
  struct Place {
    std::size_t from = 0;
    std::size_t size = 0;
    bool there = false;
  };
  std::optional<std::string_view> at(const Place& place) const {
    if (!place.there) return std::nullopt;
    return std::string_view{bytes_}.substr(place.from, place.size);
  }
  Place put(std::string_view bytes);
  Place put(const std::optional<std::string>& bytes) { return bytes ? put(std::string_view{*bytes}) : Place{}; }

  std::string bytes_;  // the topic and a null, key, body; of each header its sizes, name and value
  Place key_, body_;
  std::size_t headers_from_ = 0;
  std::int32_t partition_ = RD_KAFKA_PARTITION_UA;
  std::int64_t timestamp_ = 0;
  bool is_copy_ = false;
};

}  // namespace tidings::kafka
