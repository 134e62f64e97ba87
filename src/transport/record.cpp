#include "tidings/transport/record.hpp"

namespace tidings::transport {

namespace {

constexpr std::size_t kTimeBytes = 8;

std::size_t length(const auto& optional) {
  return optional ? optional->size() : 0;
}

template <class R>
std::size_t sum_of_fields(const R& record) {
  std::size_t bytes = record.topic.size() + length(record.key) + record.id.size() + record.type.size() +
                      record.correlation_id.size() + record.content_type.size() + record.broker_fields.size() +
                      length(record.body) + (record.time ? kTimeBytes : 0);
  for (const auto& header : record.headers) bytes += header.name.size() + length(header.value);
  return bytes;
}

std::optional<std::string> to_string(const std::optional<std::string_view>& view) {
  if (!view) return std::nullopt;
  return std::string{*view};
}

}  // namespace

Record to_record(const RecordView& view) {
  Record record{
      .topic = std::string{view.topic},
      .key = to_string(view.key),
      .id = std::string{view.id},
      .type = std::string{view.type},
      .correlation_id = std::string{view.correlation_id},
      .content_type = std::string{view.content_type},
      .time = view.time,
      .broker_fields = std::string{view.broker_fields},
      .body = to_string(view.body),
  };
  record.headers.reserve(view.headers.size());
  for (const HeaderView& header : view.headers) {
    record.headers.push_back({std::string{header.name}, to_string(header.value)});
  }
  return record;
}

std::size_t size_of(const Record& record) {
  return sum_of_fields(record);
}

std::size_t size_of(const RecordView& record) {
  return sum_of_fields(record);
}

std::optional<std::string_view> last_header(std::span<const HeaderView> headers, std::string_view name) {
  for (auto header = headers.rbegin(); header != headers.rend(); ++header) {
    if (header->name == name) return header->value;
  }
  return std::nullopt;
}

}  // namespace tidings::transport
