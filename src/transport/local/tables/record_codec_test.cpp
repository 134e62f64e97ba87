#include "transport/local/tables/record_codec.hpp"

#include <gtest/gtest.h>

#include <array>

namespace tidings::local {
namespace {

using transport::HeaderView;
using transport::Record;

Record full_record() {
  return {.topic = "orders",
          .key = std::string{"k\0y", 3},
          .id = "id",
          .type = "OrderCreated",
          .correlation_id = "story",
          .content_type = "application/json",
          .time = Time{std::chrono::microseconds{-5}},
          .headers = {{"a", "1"}, {"a", std::nullopt}, {"b", ""}},
          .broker_fields = std::string{"\0\xff", 2},
          .body = "{}"};
}

std::string encoded(const Record& record) {
  std::string bytes;
  encode_record(record, 7, 3, bytes);
  stamp(bytes.data(), Time{std::chrono::microseconds{1234}});
  return bytes;
}

std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    text += kDigits[static_cast<unsigned char>(byte) >> 4];
    text += kDigits[static_cast<unsigned char>(byte) & 15];
  }
  return text;
}

TEST(RecordCodec, GivesBackEachField) {
  EXPECT_EQ(*decode_owned(encoded(full_record()), "orders"), full_record());
  const Record bare{.topic = "orders"};
  EXPECT_EQ(*decode_owned(encoded(bare), "orders"), bare);
  const Record empty{.topic = "orders", .key = "", .body = ""};
  EXPECT_EQ(*decode_owned(encoded(empty), "orders"), empty);
}

TEST(RecordCodec, KnowsTheHeaderWithoutTheRest) {
  const std::string stored = encoded(full_record());
  const auto header = decode_header(stored);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->topic, 7u);
  EXPECT_EQ(header->partition, 3u);
  EXPECT_EQ(header->headers, 3u);
  EXPECT_EQ(header->published, Time{std::chrono::microseconds{1234}});
  EXPECT_EQ(key_of_stored(stored), (Bytes{"k\0y", 3}));
}

// The store's bytes are a promise: what this build writes, another one reads (docs/formats/local.md, version 1).
TEST(RecordCodec, WritesTheBytesOfTheFormat) {
  const Record record{.topic = "orders", .key = "k", .id = "i", .type = "T", .headers = {{"h", "v"}}, .body = "b"};
  EXPECT_EQ(hex(encoded(record)),
            "0103030007000000d204000000000000"
            "1600000057aab86001000000a42ad064"
            "016b"
            "0169"
            "0154"
            "00"
            "00"
            "0000000000000080"
            "01680276"
            "00"
            "62");
}

TEST(RecordCodec, FindsEveryFlippedBit) {
  const std::string good = encoded(full_record());
  for (std::size_t i = 0; i < good.size() * 8; ++i) {
    std::string bad = good;
    bad[i / 8] = static_cast<char>(bad[i / 8] ^ (1 << (i % 8)));
    const auto decoded = decode_owned(bad, "orders");
    ASSERT_FALSE(decoded) << "bit " << i;
    EXPECT_EQ(decoded.error().kind, ErrorKind::corrupt);
  }
}

TEST(RecordCodec, RefusesWhatIsCutOff) {
  const std::string good = encoded(full_record());
  for (std::size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(decode_owned(Bytes{good}.substr(0, size), "o"));
}

TEST(RecordCodec, ShowsADamagedRecordAsItsBytes) {
  std::string stored = encoded(full_record());
  stored.back() = '!';
  std::array<HeaderView, 3> headers;
  const auto view = decode_or_damaged(stored, "orders", headers);
  EXPECT_EQ(view.body, stored);
  EXPECT_TRUE(transport::last_header(view.headers, kDamagedHeader));
  EXPECT_TRUE(view.id.empty());
}

TEST(RecordCodec, PutsAKeyIntoTheSamePartitionForEver) {
  EXPECT_EQ(partition_of("cdnow-1", 64), 46u);
  EXPECT_EQ(partition_of("cdnow-2", 64), 26u);
  EXPECT_EQ(partition_of("", 64), 0u);
}

TEST(RecordCodec, SpreadsKeysOverThePartitions) {
  std::array<int, 64> counts{};
  constexpr int kKeys = 64'000;
  for (int i = 0; i < kKeys; ++i) ++counts[partition_of("cdnow-" + std::to_string(i), 64)];
  for (const int count : counts) {
    EXPECT_GT(count, 700);
    EXPECT_LT(count, 1'300);
  }
}

TEST(EncodedBatch, KeepsRecordsApart) {
  EncodedBatch batch;
  batch.add(full_record(), 7, 3);
  batch.add({.topic = "payments", .body = "x"}, 8, 4);
  ASSERT_EQ(batch.size(), 2u);
  EXPECT_EQ(decode_owned(batch.at(0), "orders")->id, "id");
  EXPECT_EQ(decode_owned(batch.at(1), "payments")->body, "x");
  EXPECT_EQ(batch.bytes(), batch.at(0).size() + batch.at(1).size());
}

}  // namespace
}  // namespace tidings::local
