#include "transport/kafka/format/consumer_protocol.hpp"

#include <concepts>

namespace tidings::kafka {

namespace {

constexpr std::size_t kUuidText = 36;

// Big endian, as all of Kafka's protocol.
class Bytes final {
 public:
  explicit Bytes(std::string_view bytes) : left_{bytes} {}

  template <std::signed_integral T>
  std::optional<T> number() {
    if (left_.size() < sizeof(T)) return std::nullopt;
    std::uint32_t value = 0;
    for (const char byte : left_.substr(0, sizeof(T))) value = (value << 8) | static_cast<unsigned char>(byte);
    left_.remove_prefix(sizeof(T));
    return static_cast<T>(value);
  }
  std::optional<std::string> text() {
    const auto size = number<std::int16_t>();
    if (!size || *size < 0 || left_.size() < static_cast<std::size_t>(*size)) return std::nullopt;
    std::string text{left_.substr(0, static_cast<std::size_t>(*size))};
    left_.remove_prefix(text.size());
    return text;
  }

 private:
  std::string_view left_;
};

std::optional<AssignedTopic> read_topic(Bytes& bytes) {
  auto name = bytes.text();
  const auto count = bytes.number<std::int32_t>();
  if (!name || !count) return std::nullopt;
  AssignedTopic topic{.topic = *std::move(name), .partitions = {}};
  for (std::int32_t i = 0; i < *count; ++i) {
    const auto partition = bytes.number<std::int32_t>();
    if (!partition) return std::nullopt;
    topic.partitions.push_back(*partition);
  }
  return topic;
}

}  // namespace

std::optional<std::vector<AssignedTopic>> read_assignment(std::string_view bytes) {
  std::vector<AssignedTopic> topics;
  if (bytes.empty()) return topics;
  Bytes left{bytes};
  const auto version = left.number<std::int16_t>();
  const auto count = left.number<std::int32_t>();
  if (!version || *version < 0 || !count) return std::nullopt;
  for (std::int32_t i = 0; i < *count; ++i) {
    auto topic = read_topic(left);
    if (!topic) return std::nullopt;
    topics.push_back(*std::move(topic));
  }
  return topics;
}

std::string static_id_of(std::string_view member_id, std::string_view client_id) {
  if (member_id.size() <= kUuidText) return {};
  const std::string_view name = member_id.substr(0, member_id.size() - kUuidText - 1);
  return std::string{name == client_id ? std::string_view{} : name};
}

}  // namespace tidings::kafka
