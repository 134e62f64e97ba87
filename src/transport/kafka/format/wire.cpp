#include "transport/kafka/format/wire.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <iterator>

#include "transport/driver/foreign_time.hpp"

namespace tidings::kafka {

using transport::Header;
using transport::HeaderView;
using transport::Record;
using transport::RecordView;

namespace {

constexpr std::string_view kJson = "application/json";
constexpr std::size_t kCopyHeaders = 17;  // about

// A field of a record that is a header of a message, in the order in which we write them.
struct NamedHeader {
  std::string_view name;
  std::string Record::*field;
  std::string_view RecordView::*view;
};
constexpr std::array kNamed{
    NamedHeader{"eventId", &Record::id, &RecordView::id},
    NamedHeader{"eventType", &Record::type, &RecordView::type},
    NamedHeader{"correlationId", &Record::correlation_id, &RecordView::correlation_id},
    NamedHeader{"contentType", &Record::content_type, &RecordView::content_type},
    NamedHeader{"tidings-broker-fields", &Record::broker_fields, &RecordView::broker_fields},
};

void add(rd_kafka_headers_t* headers, std::string_view name, const std::optional<std::string_view>& value) {
  rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value ? value->data() : nullptr,
                      value ? static_cast<ssize_t>(value->size()) : 0);
}

// What the article's profile leaves out: who says what it is says JSON.
template <class AnyRecord>
bool is_json_unsaid(const AnyRecord& record) {
  return record.content_type == kJson && !(record.id.empty() && record.type.empty());
}
bool goes_without_saying(const Record& record, const NamedHeader& named) {
  return named.field == &Record::content_type && is_json_unsaid(record);
}

// In front of what anybody says of a copy: who reads it looks no further.
bool said_already(const Record& record, const NamedHeader& named) {
  const auto of_record = std::ranges::find(record.headers, transport::kFirstOfCopy, &Header::name);
  const auto last = std::find_if(std::reverse_iterator{of_record}, record.headers.rend(),
                                 [&](const Header& h) { return h.name == named.name; });
  return last != record.headers.rend() && last->value == record.*named.field;
}

HeaderView header_at(const rd_kafka_headers_t* headers, std::size_t index) {
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t bytes = 0;
  if (rd_kafka_header_get_all(headers, index, &name, &value, &bytes) != RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  if (value == nullptr) return {.name = name, .value = std::nullopt};
  return {.name = name, .value = std::string_view{static_cast<const char*>(value), bytes}};
}

// Those before what anybody says of a copy first: no named header behind it is the record's, also where such a copy was
// copied again.
std::span<const HeaderView> before_any_copy(std::span<const HeaderView> all) {
  const auto begin = std::ranges::find(all, transport::kFirstOfCopy, &HeaderView::name);
  return all.first(static_cast<std::size_t>(begin - all.begin()));
}

// Those before what was said of a copy last, which is what we say.
std::span<const HeaderView> before_copy(std::span<const HeaderView> all) {
  const auto begin = std::find_if(all.rbegin(), all.rend(),
                                  [](const HeaderView& header) { return header.name == transport::kFirstOfCopy; });
  return begin == all.rend() ? all : all.first(static_cast<std::size_t>(all.rend() - begin) - 1);
}

// How many of `all` stand in front as headers_of() writes the named fields of `record`, and again nowhere behind.
std::size_t named_in_front(const RecordView& record, std::span<const HeaderView> all) {
  std::size_t count = 0;
  auto next = kNamed.begin();
  for (; count < all.size(); ++count) {
    const HeaderView& header = all[count];
    const auto named = std::find_if(next, kNamed.end(), [&](const auto& known) { return known.name == header.name; });
    if (named == kNamed.end() || !header.value || header.value->empty()) break;
    if (named->view == &RecordView::content_type && is_json_unsaid(record)) break;  // somebody said it all the same
    const auto behind = all.subspan(count + 1);
    if (std::any_of(behind.begin(), behind.end(), [&](const auto& other) { return other.name == header.name; })) break;
    next = named + 1;
  }
  return count;
}

}  // namespace

HeadersHandle headers_of(const Record& record, const Copy* copy) {
  HeadersHandle headers{rd_kafka_headers_new(kNamed.size() + record.headers.size() + (copy ? kCopyHeaders : 0))};
  for (const NamedHeader& named : kNamed) {
    const std::string& value = record.*named.field;
    if (value.empty() || goes_without_saying(record, named) || said_already(record, named)) continue;
    add(headers.get(), named.name, value);
  }
  for (const Header& header : record.headers) add(headers.get(), header.name, header.value);
  if (copy != nullptr) {
    for (const auto& [name, value] : transport::copy_headers(*copy)) add(headers.get(), name, value);
  }
  return headers;
}

std::int64_t timestamp_of(const std::optional<Time>& time) {
  if (!time) return 0;
  return std::max<std::int64_t>(1, std::chrono::floor<std::chrono::milliseconds>(time->time_since_epoch()).count());
}

Time message_time(const rd_kafka_message_t& message) {
  return transport::foreign_time(std::chrono::milliseconds{rd_kafka_message_timestamp(&message, nullptr)});
}

std::size_t header_count(const rd_kafka_message_t& message) {
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return 0;
  return rd_kafka_header_cnt(headers);
}

RecordView read_record(const rd_kafka_message_t& message, std::string_view topic, std::vector<HeaderView>& headers) {
  RecordView record{.topic = topic};
  if (message.key != nullptr) record.key = std::string_view{static_cast<const char*>(message.key), message.key_len};
  if (message.payload != nullptr) {
    record.body = std::string_view{static_cast<const char*>(message.payload), message.len};
  }
  rd_kafka_timestamp_type_t kind{};
  rd_kafka_message_timestamp(&message, &kind);
  if (kind != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE) record.time = message_time(message);

  const std::size_t first = headers.size();
  rd_kafka_headers_t* of_message = nullptr;
  if (rd_kafka_message_headers(&message, &of_message) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    for (std::size_t i = 0; i < rd_kafka_header_cnt(of_message); ++i) headers.push_back(header_at(of_message, i));
  }
  read_headers(record, {headers.data() + first, headers.size() - first});
  return record;
}

void read_headers(RecordView& record, std::span<const HeaderView> all) {
  const auto of_record = before_any_copy(all);
  for (const NamedHeader& named : kNamed) {
    if (const auto value = transport::last_header(of_record, named.name)) record.*named.view = *value;
  }
  if (record.content_type.empty() && !(record.id.empty() && record.type.empty())) record.content_type = kJson;
  record.headers = all.subspan(named_in_front(record, of_record));
}

bool take_copy(RecordView& record, Copy& copy) {
  const auto of_record = before_copy(record.headers);
  if (of_record.size() == record.headers.size()) return false;
  for (const HeaderView& header : record.headers.subspan(of_record.size())) {
    if (header.value) transport::read_copy_header(copy, header.name, *header.value);
  }
  record.headers = of_record;
  record.time = copy.time;
  if (!copy.topic.empty()) record.topic = copy.topic;
  return true;
}

}  // namespace tidings::kafka
