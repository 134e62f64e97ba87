#include "transport/kafka/publish/packed_message.hpp"

#include <gtest/gtest.h>

#include "transport/kafka/format/wire.hpp"
#include "transport/kafka/publish/producer.hpp"

namespace tidings::kafka {
namespace {

using namespace std::string_literals;

Message order() {
  return {.topic = "shop.orders",
          .record = {.topic = "orders",
                     .key = "order-1\0x"s,
                     .id = "e-1",
                     .time = Time{std::chrono::milliseconds{1'700'000'000'123}},
                     .headers = {{"tenant", "north\0south"s}, {"empty", ""}, {"null", std::nullopt}},
                     .body = "{}"},
          .copy = {},
          .partition = 3,
          .answered = {}};
}

void pack(PackedMessage& packed, const Message& message) {
  packed.pack(message, *headers_of(message.record));
}

std::vector<transport::Header> read(const rd_kafka_headers_t& headers) {
  std::vector<transport::Header> all;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0; rd_kafka_header_get_all(&headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    auto& header = all.emplace_back(transport::Header{name, std::nullopt});
    if (value != nullptr) header.value = std::string{static_cast<const char*>(value), size};
  }
  return all;
}

TEST(PackedMessageTest, SaysAllThatTheMessageSays) {
  PackedMessage packed;
  pack(packed, order());
  EXPECT_STREQ(packed.topic(), "shop.orders");
  EXPECT_EQ(packed.key(), "order-1\0x"s);
  EXPECT_EQ(packed.body(), "{}");
  EXPECT_EQ(packed.partition(), 3);
  EXPECT_EQ(packed.timestamp(), 1'700'000'000'123);
  EXPECT_FALSE(packed.is_copy());
  EXPECT_EQ(read(*packed.headers()), read(*headers_of(order().record)));
  EXPECT_EQ(read(*packed.headers()).size(), 4u);
}

TEST(PackedMessageTest, KeepsNothingOfTheOneBefore) {
  PackedMessage packed;
  pack(packed, order());
  pack(packed, {.topic = "t", .record = {.topic = "t"}, .copy = Copy{}, .partition = {}, .answered = {}});
  EXPECT_STREQ(packed.topic(), "t");
  EXPECT_EQ(packed.key(), std::nullopt);
  EXPECT_EQ(packed.body(), std::nullopt) << "a tombstone";
  EXPECT_EQ(packed.partition(), RD_KAFKA_PARTITION_UA);
  EXPECT_EQ(packed.timestamp(), 0);
  EXPECT_TRUE(packed.is_copy());
  EXPECT_TRUE(read(*packed.headers()).empty());
}

TEST(PackedMessageTest, KeepsNoLargeMemoryForASmallMessage) {
  Message large = order();
  large.record.body = std::string(1'000'000, 'x');
  PackedMessage packed;
  pack(packed, large);
  EXPECT_GE(packed.memory(), 1'000'000u);
  pack(packed, order());
  EXPECT_LT(packed.memory(), 100'000u);
  EXPECT_EQ(packed.body(), "{}");
}

}  // namespace
}  // namespace tidings::kafka
