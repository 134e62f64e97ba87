#include "transport/rabbitmq/link/amqp_frames.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tidings::rabbitmq {
namespace {

using namespace std::literals;

constexpr std::size_t kFrameMax = 4'096;  // the least that AMQP allows

amqp_bytes_t bytes_of(std::string_view text) {
  return {.len = text.size(), .bytes = const_cast<char*>(text.data())};
}

int add(AmqpFrames& frames, std::string_view body, std::string_view type = "T") {
  const amqp_basic_publish_t method{.exchange = bytes_of("events"), .routing_key = bytes_of("a.b"), .mandatory = 1};
  amqp_basic_properties_t properties{};
  properties._flags = AMQP_BASIC_TYPE_FLAG;
  properties.type = bytes_of(type);
  return frames.add(1, method, properties, body, kFrameMax);
}

// By the specification, 2.3.5: type, channel, size, payload, 0xce.
const std::string kMethod =
    "\x01\0\x01\0\0\0\x12\0\x3c\0\x28\0\0\x06"
    "events\x03"
    "a.b\x01\xce"s;
std::string header(std::string_view body_bytes) {
  return "\x02\0\x01\0\0\0\x10\0\x3c\0\0\0\0\0\0\0\0"s + std::string{body_bytes} + "\0\x20\x01T\xce"s;
}

TEST(AmqpFrames, AMessageIsAMethodAHeaderAndItsBody) {
  AmqpFrames frames;
  ASSERT_EQ(add(frames, "body"), AMQP_STATUS_OK);
  EXPECT_EQ(frames.bytes(), kMethod + header("\0\x04"sv) +
                                "\x03\0\x01\0\0\0\x04"
                                "body\xce"s);
}

TEST(AmqpFrames, AnEmptyBodyHasNoFrame) {
  AmqpFrames frames;
  ASSERT_EQ(add(frames, ""), AMQP_STATUS_OK);
  EXPECT_EQ(frames.bytes(), kMethod + header("\0\0"sv));
}

TEST(AmqpFrames, ALongBodyTakesSeveralFrames) {
  AmqpFrames frames;
  const std::string body(kFrameMax, 'x');
  ASSERT_EQ(add(frames, body), AMQP_STATUS_OK);
  EXPECT_EQ(frames.bytes(), kMethod + header("\x10\0"sv) + "\x03\0\x01\0\0\x0f\xf8"s + body.substr(8) + "\xce" +
                                "\x03\0\x01\0\0\0\x08xxxxxxxx\xce"s);
}

TEST(AmqpFrames, WhatDoesNotFitInAFrameLeavesNothing) {
  AmqpFrames frames;
  ASSERT_EQ(add(frames, "one"), AMQP_STATUS_OK);
  const std::string before{frames.bytes()};
  const std::string name(kFrameMax, 'n');
  amqp_table_entry_t entry{.key = bytes_of("h"), .value = {}};
  entry.value.kind = AMQP_FIELD_KIND_UTF8;
  entry.value.value.bytes = bytes_of(name);
  amqp_basic_properties_t properties{};
  properties._flags = AMQP_BASIC_HEADERS_FLAG;
  properties.headers = {.num_entries = 1, .entries = &entry};
  EXPECT_NE(frames.add(1, {}, properties, "two", kFrameMax), AMQP_STATUS_OK);
  EXPECT_EQ(frames.bytes(), before);
}

TEST(AmqpFrames, ManyMessagesStandOneBehindTheOther) {
  AmqpFrames one, many;
  ASSERT_EQ(add(one, "body"), AMQP_STATUS_OK);
  std::string expected;
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(add(many, "body"), AMQP_STATUS_OK);
    expected += one.bytes();
  }
  EXPECT_EQ(many.bytes(), expected);
  many.clear();
  EXPECT_EQ(many.bytes(), "");
}

}  // namespace
}  // namespace tidings::rabbitmq
