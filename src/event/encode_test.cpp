#include <gtest/gtest.h>

#include <limits>

#include "event/sample_events.hpp"
#include "tidings/json.hpp"

namespace tidings {
namespace {

using sample::Everything;

template <class Change>
std::string refusal(Change change) {
  Everything value;
  change(value);
  Envelope envelope;
  std::string body = "as before";
  const auto done = json_codec()->encode(Profile::kafka, envelope, describe<Everything>(), &value, body);
  EXPECT_EQ(body, "as before");
  return done ? "written" : done.error().message;
}

// A10: what has no JSON form is refused with its path.
TEST(Encode, RefusesWhatHasNoWireForm) {
  EXPECT_EQ(refusal([](Everything& e) { e.big_number = std::numeric_limits<double>::quiet_NaN(); }),
            "data.bigNumber: NaN and infinity have no JSON number; use a std::optional for no value");
  EXPECT_EQ(refusal([](Everything& e) { e.scores["x"] = -std::numeric_limits<double>::infinity(); }),
            "data.scores.x: NaN and infinity have no JSON number; use a std::optional for no value");
  EXPECT_EQ(refusal([](Everything& e) {
              e.tags = {"ok", "caf\xe9"};
            }),
            "data.tags[1]: text is not UTF-8; use tidings::Bytes for binary data");
  EXPECT_EQ(refusal([](Everything& e) { e.channel = static_cast<sample::Channel>(3); }),
            "data.channel: 3 is no described value of Channel");
  EXPECT_EQ(refusal([](Everything& e) { e.extra.text = R"({"a":1)"; }),
            "data.extra: raw text is not JSON, or too deep");
  EXPECT_EQ(refusal([](Everything& e) { e.extra.text = "\"\xff\""; }), "data.extra: raw text is not JSON, or too deep");
  EXPECT_EQ(refusal([](Everything& e) { e.placed_at = Time{std::chrono::days{4'000'000}}; }),
            "data.placedAt: a time outside of the years 0000 to 9999");
}

TEST(Encode, RefusesAnEnvelopeThatIsNotUtf8) {
  const Envelope envelope{.id = "\xff"};
  const sample::Empty data;
  std::string body;
  const auto done = json_codec()->encode(Profile::rabbitmq, envelope, describe<sample::Empty>(), &data, body);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message, "event_id: text is not UTF-8; use tidings::Bytes for binary data");
}

TEST(Encode, HasLimitsOfSizeAndDepth) {
  std::string body;
  const RawJson raw{"[[1]]"};
  const Envelope envelope;
  EXPECT_TRUE(json_codec({.depth_max = 3})->encode(Profile::kafka, envelope, describe<RawJson>(), &raw, body));
  EXPECT_FALSE(json_codec({.depth_max = 2})->encode(Profile::kafka, envelope, describe<RawJson>(), &raw, body));
  EXPECT_FALSE(json_codec({.body_bytes_max = 50})->encode(Profile::kafka, envelope, describe<RawJson>(), &raw, body));
}

TEST(Encode, WritesDataWithoutAStruct) {
  const RawJson raw{R"({"a": 1})"};
  std::string body;
  ASSERT_TRUE(json_codec()->encode(Profile::rabbitmq, {.id = "1", .type = "T"}, describe<RawJson>(), &raw, body));
  EXPECT_EQ(
      body,
      R"({"event_id":"1","event_type":"T","timestamp":"1970-01-01T00:00:00.000000Z","version":1,"data":{"a": 1}})");
}

TEST(Encode, WritesAnEmptyStructAsAnEmptyObject) {
  EXPECT_EQ(*to_json(sample::Empty{}), "{}");
}

// Quotes, backslashes, control characters and bytes beyond ASCII at every place of a word of eight.
TEST(Encode, EscapesAtEveryPlace) {
  for (std::size_t size = 1; size < 20; ++size) {
    for (std::size_t place = 0; place < size; ++place) {
      for (const std::string& special : {std::string{"\""}, std::string{"\\"}, std::string{"\n"}, std::string{"\x01"},
                                         std::string{"\0", 1}, std::string{"\x7f"}, std::string{"é"}}) {
        std::string text(size, '!');
        text.replace(place, 1, special);
        const auto json = to_json(text);
        ASSERT_TRUE(json);
        EXPECT_EQ(from_json<std::string>(*json).value_or("failed: " + *json), text) << *json;
      }
    }
  }
  EXPECT_EQ(*to_json(std::string{"\x01\x1f\"\\/\b\f\n\r\t\x7f"}), "\"\\u0001\\u001f\\\"\\\\/\\b\\f\\n\\r\\t\x7f\"");
}

TEST(Encode, AppendsText) {
  std::string text = "x=";
  ASSERT_TRUE(append_json_string(text, "a\"b"));
  EXPECT_EQ(text, R"(x="a\"b")");
  EXPECT_FALSE(append_json_string(text, "\xff"));
  EXPECT_EQ(text, R"(x="a\"b")");
}

// RFC 4648, section 10.
TEST(Encode, WritesBytesAsBase64) {
  const std::pair<const char*, const char*> table[] = {{"", ""},
                                                       {"f", "Zg=="},
                                                       {"fo", "Zm8="},
                                                       {"foo", "Zm9v"},
                                                       {"foob", "Zm9vYg=="},
                                                       {"fooba", "Zm9vYmE="},
                                                       {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : table) {
    EXPECT_EQ(*to_json(Bytes{bytes}), '"' + std::string{text} + '"');
    EXPECT_EQ(from_json<Bytes>('"' + std::string{text} + '"')->data, bytes);
  }
  for (const char* bad : {"Zg", "Zg=", "Z===", "====", "Zh==", "Zm9=", "Z g=", "Zg==Zg==", "Zm9v=", "Zm-_"}) {
    EXPECT_FALSE(from_json<Bytes>('"' + std::string{bad} + '"')) << bad;
  }
}

}  // namespace
}  // namespace tidings
