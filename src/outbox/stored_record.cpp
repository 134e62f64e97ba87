#include "outbox/stored_record.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace tidings::detail {

namespace {

constexpr std::uint8_t kFormat = 1;
constexpr int kNumberBitsMax = 63;  // of a length
constexpr std::size_t kTimeBytes = 8;

void put_number(std::string& bytes, std::uint64_t number) {
  while (number >= 0x80) {
    bytes.push_back(static_cast<char>(number | 0x80));
    number >>= 7;
  }
  bytes.push_back(static_cast<char>(number));
}

void put_text(std::string& bytes, std::string_view text) {
  put_number(bytes, text.size());
  bytes.append(text);
}

// 0: absent; else one more than the length.
void put_optional(std::string& bytes, const std::optional<std::string>& text) {
  put_number(bytes, text ? text->size() + 1 : 0);
  if (text) bytes.append(*text);
}

void put_time(std::string& bytes, const std::optional<Time>& time) {
  bytes.push_back(time ? 1 : 0);
  if (!time) return;
  const auto micros = static_cast<std::uint64_t>(time->time_since_epoch().count());
  for (std::size_t i = 0; i < kTimeBytes; ++i) bytes.push_back(static_cast<char>(micros >> (8 * i)));
}

void put_record(std::string& bytes, const transport::Record& record) {
  put_text(bytes, record.topic);
  put_optional(bytes, record.key);
  for (const std::string* text :
       {&record.id, &record.type, &record.correlation_id, &record.content_type, &record.broker_fields}) {
    put_text(bytes, *text);
  }
  put_time(bytes, record.time);
  put_number(bytes, record.headers.size());
  for (const transport::Header& header : record.headers) {
    put_text(bytes, header.name);
    put_optional(bytes, header.value);
  }
  put_optional(bytes, record.body);
}

// Reads in the order of writing. After the first fault `whole()` is false and everything read is empty.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_{bytes} {}

  bool whole() const { return whole_; }
  bool at_end() const { return rest_.empty(); }

  std::uint8_t byte() {
    const std::string_view one = take(1);
    return one.empty() ? 0 : static_cast<std::uint8_t>(one[0]);
  }

  std::uint64_t number() {
    std::uint64_t number = 0;
    for (int shift = 0; shift < kNumberBitsMax; shift += 7) {
      const std::uint8_t part = byte();
      number |= std::uint64_t{part & 0x7fu} << shift;
      if ((part & 0x80) == 0) return number;
    }
    whole_ = false;
    return 0;
  }

  std::string text() { return std::string{take(number())}; }

  std::optional<std::string> optional() {
    const std::uint64_t length = number();
    if (length == 0) return std::nullopt;
    return std::string{take(length - 1)};
  }

  std::optional<Time> time() {
    if (byte() == 0) return std::nullopt;
    const std::string_view bytes = take(kTimeBytes);
    std::uint64_t micros = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i)
      micros |= std::uint64_t{static_cast<std::uint8_t>(bytes[i])} << (8 * i);
    return Time{Duration{static_cast<std::int64_t>(micros)}};
  }

 private:
  std::string_view take(std::uint64_t length) {
    if (length > rest_.size()) {
      whole_ = false;
      rest_ = {};
      return {};
    }
    const std::string_view taken = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return taken;
  }

  std::string_view rest_;
  bool whole_ = true;
};

transport::Record read_record(Reader& reader) {
  transport::Record record;
  record.topic = reader.text();
  record.key = reader.optional();
  for (std::string* text :
       {&record.id, &record.type, &record.correlation_id, &record.content_type, &record.broker_fields}) {
    *text = reader.text();
  }
  record.time = reader.time();
  for (std::uint64_t left = reader.number(); left > 0 && reader.whole(); --left) {
    std::string name = reader.text();
    record.headers.push_back({std::move(name), reader.optional()});
  }
  record.body = reader.optional();
  return record;
}

}  // namespace

void encode_records(std::span<const transport::Record> records, std::string& bytes) {
  bytes.clear();
  bytes.push_back(static_cast<char>(kFormat));
  put_number(bytes, records.size());
  for (const transport::Record& record : records) put_record(bytes, record);
}

Result<std::vector<transport::Record>> decode_records(std::span<const std::byte> bytes) {
  Reader reader{{reinterpret_cast<const char*>(bytes.data()), bytes.size()}};
  if (const std::uint8_t format = reader.byte(); format > kFormat) {
    return unsupported(
        fmt::format("stored records have format {}; this build reads up to {}: upgrade it", format, kFormat));
  }
  std::vector<transport::Record> records;
  for (std::uint64_t left = reader.number(); left > 0 && reader.whole(); --left) records.push_back(read_record(reader));
  if (!reader.whole() || !reader.at_end()) {
    return corrupt(
        fmt::format("stored records of {} bytes are damaged; keep the database and restore a backup", bytes.size()));
  }
  return records;
}

}  // namespace tidings::detail
