// How a record lies in the store.
//
// Format:  docs/formats/local.md, "Record", version 1: a header of 32 bytes and a payload, each with a CRC32C.
// Threads: values.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tidings/result.hpp"
#include "tidings/transport/record.hpp"
#include "transport/local/storage/store_bytes.hpp"

namespace tidings::local {

inline constexpr std::size_t kRecordHeaderBytes = 32;

// What a scan needs of a record.
struct RecordHeader {
  std::uint32_t topic = 0;
  std::uint16_t partition = 0;
  std::uint32_t headers = 0;  // how many
  Time published{};
};

// The partition of a key: the same in every version of the format. No key: any partition will do.
std::uint32_t partition_of(std::string_view key, std::uint32_t partitions);

// Appends the stored form. Its time of publishing is set later, by stamp().
void encode_record(const transport::Record& record, std::uint32_t topic, std::uint32_t partition, std::string& out);

// Sets the time of publishing in a stored record at `stored` (kRecordHeaderBytes of it).
void stamp(char* stored, Time published);

// The record's key, unchecked; nothing: it has none.
std::optional<Bytes> key_of_stored(Bytes stored);
std::optional<std::uint32_t> key_hash_of(Bytes stored);

// The topic and the partition alone, unchecked: for the scan's filter. `stored` has kRecordHeaderBytes or more.
struct RecordPlace {
  std::uint32_t topic = 0;
  std::uint16_t partition = 0;
};
RecordPlace place_of(Bytes stored);

// corrupt: the header's checksum is wrong, it is of another version, or says more headers than there are bytes for.
Result<RecordHeader> decode_header(Bytes stored);

// The whole record as views into `stored`; `headers` has room for RecordHeader::headers of them.
// corrupt: a checksum is wrong.
Result<transport::RecordView> decode_record(Bytes stored, std::string_view topic,
                                            std::span<transport::HeaderView> headers);

// Likewise, with what stands for a damaged record (damaged_record) where it cannot be read.
transport::RecordView decode_or_damaged(Bytes stored, std::string_view topic, std::span<transport::HeaderView> headers);

// An owned copy.
Result<transport::Record> decode_owned(Bytes stored, std::string_view topic);

// What stands for a record that cannot be read: its stored bytes as the body, and a header that says so. Nothing of it
// decodes, so it ends where undecodable events end.
inline constexpr std::string_view kDamagedHeader = "tidings-damaged";
transport::Record damaged_record(Bytes stored, std::string_view topic);

// Many stored records in one buffer: what one send() becomes.
class EncodedBatch final {
 public:
  void add(const transport::Record& record, std::uint32_t topic, std::uint32_t partition);
  std::size_t size() const { return ends_.size(); }
  std::size_t bytes() const { return bytes_.size(); }
  Bytes at(std::size_t index) const;
  std::uint32_t topic(std::size_t index) const { return place_of(at(index)).topic; }

 private:
  std::string bytes_;
  std::vector<std::size_t> ends_;
};

}  // namespace tidings::local
