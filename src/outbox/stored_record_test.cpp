// A35: outputs come back as they were stored, byte for byte.
#include "outbox/stored_record.hpp"

#include <gtest/gtest.h>

#include "outbox/store.hpp"

namespace tidings::detail {
namespace {

std::vector<transport::Record> samples() {
  return {{.topic = "bare"},
          {.topic = "orders",
           .key = std::string{"k\0", 2},
           .id = "id",
           .type = "OrderCreated",
           .correlation_id = "c",
           .content_type = "application/json",
           .time = Time{Duration{-1}},
           .headers = {{"a", "1"}, {"a", std::nullopt}, {"", ""}},
           .broker_fields = std::string{"\xff\x00", 2},
           .body = std::string(300, 'b')},
          {.topic = "empty", .key = "", .body = ""}};
}

std::string encoded(std::span<const transport::Record> records) {
  std::string bytes;
  encode_records(records, bytes);
  return bytes;
}

auto decoded(const std::string& bytes) {
  return decode_records(std::as_bytes(std::span{bytes}));
}

TEST(StoredRecord, ComesBackAsItWas) {
  const auto records = samples();
  EXPECT_EQ(*decoded(encoded(records)), records);
  EXPECT_TRUE(decoded(encoded({}))->empty());
}

// docs/formats/inbox-sqlite.md, "Records".
TEST(StoredRecord, HasTheDocumentedBytes) {
  const std::vector<transport::Record> one{
      {.topic = "t", .key = "k", .id = "i", .time = Time{Duration{258}}, .headers = {{"h", std::nullopt}}}};
  const std::string expected{
      "\x01\x01"
      "\x01t"
      "\x02k"
      "\x01i"
      "\x00\x00\x00\x00"
      "\x01\x02\x01\x00\x00\x00\x00\x00\x00"
      "\x01\x01h\x00"
      "\x00",
      26};
  EXPECT_EQ(encoded(one), expected);
}

TEST(StoredRecord, AnyCutIsCorrupt) {
  const std::string whole = encoded(samples());
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto cut = decoded(whole.substr(0, length));
    ASSERT_FALSE(cut) << length;
    EXPECT_EQ(cut.error().kind, ErrorKind::corrupt);
  }
  EXPECT_FALSE(decoded(whole + "x"));
}

TEST(StoredRecord, ANewerFormatIsUnsupported) {
  EXPECT_EQ(decoded("\x02").error().kind, ErrorKind::unsupported);
}

TEST(StoredId, TakesUuidsAsBytesAndOthersAsText) {
  const std::string uuid = "01890a5d-ac96-774b-bcce-b302099a8057";
  const StoredId bytes{uuid};
  ASSERT_TRUE(std::holds_alternative<std::span<const std::byte>>(bytes.value()));
  EXPECT_EQ(std::get<std::span<const std::byte>>(bytes.value())[15], std::byte{0x57});
  for (const char* text : {"", "x", "01890A5D-AC96-774B-BCCE-B302099A8057", "01890a5d-ac96-774b-bcce+b302099a8057"}) {
    const StoredId id{text};
    ASSERT_TRUE(std::holds_alternative<std::string_view>(id.value())) << text;
    EXPECT_EQ(std::get<std::string_view>(id.value()), text);
  }
}

}  // namespace
}  // namespace tidings::detail
