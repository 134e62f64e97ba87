// What decoders accept, and how they refuse.
#include <gtest/gtest.h>

#include "event/sample_events.hpp"
#include "tidings/json.hpp"

namespace tidings {
namespace {

using sample::Everything;
using sample::OrderCreated;

struct Decoded {
  Result<DecodeNotes> notes;
  Envelope envelope;
  OrderCreated data;
};

Decoded decode(const std::string& body, Profile profile = Profile::kafka, Envelope prefilled = {}) {
  OrderCreated data;
  auto notes = json_codec()->decode(profile, body, prefilled, describe<OrderCreated>(), &data);
  return {std::move(notes), std::move(prefilled), std::move(data)};
}

// A11: an error names path and reason.
struct BadBody {
  const char* body;
  ErrorKind kind;
  const char* message;
};

void PrintTo(const BadBody& row, std::ostream* out) {
  *out << row.message;
}

class Malformed : public testing::TestWithParam<BadBody> {};

TEST_P(Malformed, IsRefusedWithPathAndReason) {
  const auto decoded = decode(GetParam().body);
  ASSERT_FALSE(decoded.notes);
  EXPECT_EQ(decoded.notes.error().kind, GetParam().kind);
  EXPECT_EQ(decoded.notes.error().message.substr(0, std::string_view{GetParam().message}.size()), GetParam().message)
      << decoded.notes.error().message;
}

constexpr auto kInvalid = ErrorKind::invalid;
constexpr auto kCorrupt = ErrorKind::corrupt;
INSTANTIATE_TEST_SUITE_P(
    Bodies, Malformed,
    testing::Values(
        BadBody{R"({"data":{"items":[{},{},{},{"price":"1"}]}})", kInvalid,
                "data.items[3].price: expected number, found string"},
        BadBody{R"({"data":{"items":[{"quantity":1.5}]}})", kInvalid,
                "data.items[0].quantity: expected integer, found 1.5"},
        BadBody{R"({"data":{"items":[{"quantity":3000000000}]}})", kInvalid,
                "data.items[0].quantity: 3000000000 does not fit in int32"},
        BadBody{R"({"data":{"items":[{"quantity":true}]}})", kInvalid,
                "data.items[0].quantity: expected integer, found boolean"},
        BadBody{R"({"data":{"items":[null]}})", kInvalid, "data.items[0]: expected object, found null"},
        BadBody{R"({"data":{"items":{}}})", kInvalid, "data.items: expected array, found object"},
        BadBody{R"({"data":{"customer_id":7}})", kInvalid, "data.customer_id: expected string, found number"},
        BadBody{R"({"data":{"totalAmount":1.005}})", kInvalid, "data.totalAmount: expected an amount in whole cents"},
        BadBody{R"({"data":{"totalAmount":"1.00"}})", kInvalid, "data.totalAmount: expected number, found string"},
        BadBody{R"({"data":[]})", kInvalid, "data: expected object, found array"},
        BadBody{R"({"data":null})", kInvalid, "data: required, but missing"},
        BadBody{R"({"eventId":"1"})", kInvalid, "data: required, but missing"},
        BadBody{R"({})", kInvalid, "data: required, but missing"},
        BadBody{R"({"eventId":5,"data":{}})", kInvalid, "eventId: expected string, found number"},
        BadBody{R"({"timestamp":"soon","data":{}})", kInvalid, "timestamp: expected a time"},
        BadBody{R"({"timestamp":[],"data":{}})", kInvalid, "timestamp: expected time, found array"},
        BadBody{R"({"version":1.5,"data":{}})", kInvalid, "version: expected integer, found 1.5"},
        BadBody{R"({"version":"one","data":{}})", kInvalid, "version: expected integer, found one"},
        BadBody{R"({"version":"a version of about forty bytes, and an ä","data":{}})", kInvalid,
                "version: expected integer, found a version of about forty bytes, and an ..."},
        BadBody{R"({"version":-1,"data":{}})", kInvalid, "version: expected a version from 1 on"},
        BadBody{R"({"version":99999999999,"data":{}})", kInvalid, "version: expected a version from 1 on"},
        BadBody{R"({"metadata":"x","data":{}})", kInvalid, "metadata: expected object, found string"},
        BadBody{R"({"metadata":{"a":[1,]},"data":{}})", kCorrupt, "metadata: not JSON"},
        BadBody{R"([1])", kInvalid, "body: expected object, found array"},
        BadBody{R"(17)", kInvalid, "body: expected object, found a single value"},
        BadBody{R"("text")", kInvalid, "body: expected object, found a single value"},
        BadBody{"", kCorrupt, "body: not JSON"}, BadBody{"   ", kCorrupt, "body: not JSON"},
        BadBody{"hello", kCorrupt, "body: not JSON"}, BadBody{R"({"data":{})", kCorrupt, "body: not JSON"},
        BadBody{R"({"data":{}}})", kCorrupt, "body: not JSON"},
        BadBody{R"({"data":{}} {})", kCorrupt, "body: not JSON"},
        BadBody{R"({"data":{}}x)", kCorrupt, "body: not JSON"}, BadBody{R"({"data":{},})", kCorrupt, "body: not JSON"},
        BadBody{R"({"data" {}})", kCorrupt, "body: not JSON"}, BadBody{R"({data:{}})", kCorrupt, "body: not JSON"},
        BadBody{R"({"data":{"items":[{}{}]}})", kCorrupt, "data.items: not JSON"},
        BadBody{R"({"data":{"customerId":"a})", kCorrupt, "body: not JSON"},
        BadBody{R"({"data":{"customerId":"\x"}})", kCorrupt, "data.customerId: not JSON"},
        BadBody{R"({"data":{"customerId":"\ud800"}})", kCorrupt, "data.customerId: not JSON"},
        BadBody{"{\"data\":{\"customerId\":\"a\nb\"}}", kCorrupt, "body: not JSON"},
        BadBody{"{\"data\":{\"customerId\":\"\xff\"}}", kCorrupt, "body: not JSON"},
        BadBody{"{\"unknown\":\"\xc3\x28\",\"data\":{}}", kCorrupt, "body: not JSON"},
        BadBody{R"({"data":{"unknown":"a":null,"x":[1]}}})", kCorrupt, "data: not JSON"},
        BadBody{R"({"unknown":"a":null,"data":{}}})", kCorrupt, "body: not JSON"},
        BadBody{R"({"data":{"customerId":nul}})", kInvalid, "data.customerId: expected string, found null"},
        BadBody{R"({"data":{"items":[1,]}})", kInvalid, "data.items[0]: expected object, found number"},
        BadBody{R"({"data":{"items":[{},]}})", kCorrupt, "data.items[1]: not JSON"}));

// A11: unknown members are ignored, missing ones and null take the default.
TEST(Decode, IgnoresUnknownMembersAndTakesDefaults) {
  const auto decoded = decode(
      R"({"new":[{"a":[]}],"data":{"more":{"data":{"customerId":"no"}},"customerId":null,"items":[{"x":1}]},"z":"}"})");
  ASSERT_TRUE(decoded.notes) << decoded.notes.error().message;
  EXPECT_EQ(decoded.data, (OrderCreated{"", {{"", 0, 0}}, Money{0}}));
}

TEST(Decode, KeepsWhatTheHeadersSaidWhereTheBodyIsSilent) {
  const Envelope headers{.id = "header", .type = "T", .time = Time{std::chrono::seconds{5}}, .correlation_id = "c"};
  const auto silent = decode(R"({"eventId":"","eventType":null,"data":{}})", Profile::kafka, headers);
  ASSERT_TRUE(silent.notes);
  EXPECT_EQ(silent.envelope, headers);

  const auto speaking = decode(R"({"eventId":"body","eventType":"U","timestamp":7,"correlationId":"d","data":{}})",
                               Profile::kafka, headers);
  ASSERT_TRUE(speaking.notes);
  EXPECT_EQ(speaking.envelope.id, "body");
  EXPECT_EQ(speaking.envelope.type, "U");
  EXPECT_EQ(speaking.envelope.time, Time{std::chrono::seconds{7}});
  EXPECT_EQ(speaking.envelope.correlation_id, "d");
}

// Design section 6: both spellings on every transport; its own wins, the other is counted.
TEST(Decode, PrefersTheProfilesOwnSpelling) {
  const std::string both =
      R"({"event_id":"snake","eventId":"camel","data":{"customerId":"camel","customer_id":"snake"}})";
  const auto kafka = decode(both, Profile::kafka);
  ASSERT_TRUE(kafka.notes);
  EXPECT_EQ(kafka.envelope.id, "camel");
  EXPECT_EQ(kafka.data.customer_id, "camel");
  EXPECT_EQ(kafka.notes->both_spellings, 2u);

  const auto rabbitmq = decode(both, Profile::rabbitmq);
  ASSERT_TRUE(rabbitmq.notes);
  EXPECT_EQ(rabbitmq.envelope.id, "snake");
  EXPECT_EQ(rabbitmq.data.customer_id, "snake");
  EXPECT_EQ(rabbitmq.notes->both_spellings, 2u);
}

TEST(Decode, DoesNotCountASpellingThatIsNull) {
  const auto decoded = decode(R"({"data":{"customer_id":"snake","customerId":null}})");
  ASSERT_TRUE(decoded.notes);
  EXPECT_EQ(decoded.data.customer_id, "snake");
  EXPECT_EQ(decoded.notes->both_spellings, 0u);
}

TEST(Decode, TakesTheLastOfAMemberThatComesTwice) {
  const auto decoded = decode(
      R"({"data":{"customerId":"first","items":[{}]},"data":{"customerId":"x","items":[{},{}],"items":[{"quantity":1}]}})");
  ASSERT_TRUE(decoded.notes);
  EXPECT_EQ(decoded.data, (OrderCreated{"x", {{"", 1, 0}}, Money{0}}));
}

TEST(Decode, ReadsMembersInAnyOrderAndWithAnySpace) {
  const auto decoded = decode(
      " {\n\t\"data\" : { \"totalAmount\" : 1.5 , \"items\":[ ] ,\"customerId\":\"c\" }\r\n, \"eventId\":\"1\" } \n");
  ASSERT_TRUE(decoded.notes) << decoded.notes.error().message;
  EXPECT_EQ(decoded.envelope.id, "1");
  EXPECT_EQ(decoded.data, (OrderCreated{"c", {}, Money{150}}));
}

TEST(Decode, SkipsAByteOrderMark) {
  EXPECT_TRUE(decode("\xef\xbb\xbf{\"data\":{}}").notes);
}

TEST(Decode, ReadsAVersionInAnyForm) {
  const std::pair<const char*, int> table[] = {{"1", 1}, {"0", 1},     {"\"1.0\"", 1}, {"1.0", 1}, {"\"2\"", 2},
                                               {"3", 3}, {"\"0\"", 1}, {"2e0", 2},     {"null", 9}};
  for (const auto& [text, version] : table) {
    const auto decoded =
        decode(R"({"version":)" + std::string{text} + R"(,"data":{}})", Profile::rabbitmq, {.version = 9});
    ASSERT_TRUE(decoded.notes) << text << ": " << decoded.notes.error().message;
    EXPECT_EQ(decoded.envelope.version, version) << text;
  }
}

TEST(Decode, KeepsMetadataThatIsNoTextAsJson) {
  const auto decoded = decode(R"({"metadata":{"a":"x","b":1.50,"c":{"d":[true]},"e":null},"data":{}})");
  ASSERT_TRUE(decoded.notes) << decoded.notes.error().message;
  EXPECT_EQ(decoded.envelope.metadata,
            (std::map<std::string, std::string>{{"a", "x"}, {"b", "1.50"}, {"c", R"({"d":[true]})"}}));
}

// A11: limits on size and depth.
TEST(Decode, HasLimitsOfSizeAndDepth) {
  const auto codec = json_codec({.body_bytes_max = 100, .depth_max = 4});
  Envelope envelope;
  RawJson raw;
  const auto& type = describe<RawJson>();
  EXPECT_TRUE(codec->decode(Profile::kafka, R"({"data":[[[1]]]})", envelope, type, &raw));
  EXPECT_FALSE(codec->decode(Profile::kafka, R"({"data":[[[[1]]]]})", envelope, type, &raw));
  sample::Category category;
  const auto deep = codec->decode(Profile::kafka, R"({"data":{"children":[{"children":[{"name":"x"}]}]}})", envelope,
                                  describe<sample::Category>(), &category);
  ASSERT_FALSE(deep);
  EXPECT_EQ(deep.error().message, "data.children[0].children: more than 4 levels deep");
  const auto large =
      codec->decode(Profile::kafka, R"({"data":")" + std::string(100, 'x') + "\"}", envelope, type, &raw);
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().kind, ErrorKind::invalid);
}

TEST(Decode, HundredThousandBracketsAreNoStackOverflow) {
  const std::string brackets(100'000, '[');
  EXPECT_FALSE(decode(R"({"data":)" + brackets).notes);
  EXPECT_FALSE(decode(R"({"data":{},"x":)" + brackets).notes);
  EXPECT_FALSE(from_json<sample::Category>(brackets));
}

TEST(Decode, LargeAndSmallBodiesInTurn) {
  for (const std::size_t size : {10u, 5'000u, 3'000'000u, 10u}) {
    const auto decoded = decode(R"({"data":{"customerId":")" + std::string(size, 'x') + "\"}}");
    ASSERT_TRUE(decoded.notes);
    EXPECT_EQ(decoded.data.customer_id.size(), size);
  }
}

TEST(Decode, ReadsOtherFormsOfValues) {
  const auto value = from_json<Everything>(
      R"({"i8":3.0,"u64":1.8446744073709551615E19,"i16":1e2,"smallNumber":3,"bigNumber":7,
          "placedAt":1767323045.5,"delay":1.5,"delivery_day":"2026-02-28T10:00:00Z","window":"P1DT1H","limits":{"a":null},
          "scores":{"gone":null,"twice":1,"twice":2},"payment":{"string":"cash"},"extra":null,"coupon\u0043ode":"x"})");
  ASSERT_TRUE(value) << value.error().message;
  EXPECT_EQ(value->i8, 3);
  EXPECT_EQ(value->u64, UINT64_MAX);
  EXPECT_EQ(value->i16, 100);
  EXPECT_EQ(value->small_number, 3.0F);
  EXPECT_EQ(value->big_number, 7.0);
  EXPECT_EQ(value->placed_at, Time{std::chrono::milliseconds{1'767'323'045'500}});
  EXPECT_EQ(value->delay, std::chrono::milliseconds{1'500});
  EXPECT_EQ(value->delivery_day, std::chrono::sys_days{std::chrono::year{2026} / 2 / 28});
  EXPECT_EQ(value->window, std::chrono::hours{25});
  EXPECT_EQ(value->limits, (std::map<std::string, std::optional<int>>{{"a", std::nullopt}}));
  EXPECT_EQ(value->scores, (std::map<std::string, double>{{"twice", 2}}));
  EXPECT_EQ(std::get<std::string>(value->payment), "cash");
  EXPECT_EQ(value->extra.text, "null");
  EXPECT_EQ(value->coupon_code, "x");
}

TEST(Decode, RefusesValuesThatDoNotFit) {
  const std::pair<const char*, const char*> table[] = {
      {R"({"i8":128})", "i8: 128 does not fit in int8"},
      {R"({"u8":-1})", "u8: -1 does not fit in uint8"},
      {R"({"u64":18446744073709551616})", "u64: 18446744073709551616 does not fit in uint64"},
      {R"({"i64":-9223372036854775809})", "i64: -9223372036854775809 does not fit in int64"},
      {R"({"smallNumber":1e39})", "smallNumber: 1e39 does not fit in float"},
      {R"({"bigNumber":1e400})", "bigNumber: 1e400 does not fit in double"},
      {R"({"channel":"fax"})", "channel: expected one of web, shop_floor, phone; found \"fax\""},
      {R"({"channel":7})", "channel: expected string, found number"},
      {R"({"dimensions":[1,2]})", "dimensions: expected 3 elements, found 2"},
      {R"({"dimensions":[1,2,3,4]})", "dimensions: expected 3 elements, found 4"},
      {R"({"payment":{}})", "payment: expected an object of one member, found 0"},
      {R"({"payment":{"Card":{},"Invoice":{}}})", "payment: expected an object of one member, found 2"},
      {R"({"payment":{"Cash":{}}})", "payment: expected one of null, Card, Invoice, string; found \"Cash\""},
      {R"({"payment":{"Card":{"number":5}}})", "payment.Card.number: expected string, found number"},
      {R"({"measuredAt":"2400-01-01"})", "measuredAt: a time out of range"},
      {R"({"delay":"P1M"})", "delay: expected a duration such as PT1H30M5.25S, found P1M"},
      {R"({"photo":"a"})", "photo: expected base64, found \"a\""},
      {R"({"photo":"ab=="})", "photo: expected base64, found \"ab==\""},
      {R"({"scores":{"x.y":[]}})", "scores.x.y: expected number, found array"},
      {R"({"flags":[0]})", "flags[0]: expected boolean, found number"},
      {R"({"extra":{"a" 1}})", "extra: not JSON"},
      {"{},{}", "value: not JSON: expected one value, found 2"},
      {"", "value: not JSON: expected one value, found 0"},
      {"{}]", "value: not JSON"},
  };
  for (const auto& [text, message] : table) {
    const auto value = from_json<Everything>(text);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().message.substr(0, std::string_view{message}.size()), message) << text;
  }
}

TEST(Decode, RefusesWhatIsRequiredAndMissing) {
  EXPECT_EQ(from_json<sample::Registered>(R"({"customerId":"c"})").error().message, "e-mail: required, but missing");
  EXPECT_EQ(from_json<sample::Registered>(R"({"e-mail":"e","customerId":null})").error().message,
            "customerId: required, but missing");
  const auto value = from_json<sample::Registered>(R"({"e-mail":"e","customer_id":"c"})");
  ASSERT_TRUE(value);
  EXPECT_EQ(*value, (sample::Registered{"e", 18, "c"}));
}

// P7: an inbox tells events with one id apart by the bytes of their data.
TEST(Decode, NotesTheBytesOfTheData) {
  const std::string body = " {\"eventId\":\"1\", \"data\" : {\"customerId\": \"c}\"} \n, \"version\":1}";
  Envelope envelope;
  OrderCreated order;
  const auto notes = json_codec()->decode(Profile::kafka, body, envelope, describe<OrderCreated>(), &order);
  ASSERT_TRUE(notes) << notes.error().message;
  EXPECT_EQ(notes->data, R"({"customerId": "c}"})");
  EXPECT_EQ(notes->data.data(), body.data() + body.find("{\"customerId"));

  RawJson raw;
  const std::string marked = "\xef\xbb\xbf{\"data\":[1, 2 ]}";
  const auto last = json_codec()->decode(Profile::kafka, marked, envelope, describe<RawJson>(), &raw);
  ASSERT_TRUE(last) << last.error().message;
  EXPECT_EQ(last->data, "[1, 2 ]");
}

TEST(Peek, ReadsTheEnvelopeThoughTheDataIsNone) {
  Envelope envelope;
  ASSERT_TRUE(json_codec()->peek(Profile::kafka, R"({"event_id":"1","data":[{"x":"y"}]})", envelope));
  EXPECT_EQ(envelope.id, "1");
  EXPECT_TRUE(json_codec()->peek(Profile::kafka, "{}", envelope));
}

TEST(Codecs, AreFoundByContentType) {
  const Codecs codecs;
  for (const char* type : {"", "application/json", "Application/JSON; charset=utf-8", "application/json ;x"}) {
    EXPECT_EQ(codecs.find(type), &codecs.standard()) << type;
  }
  for (const char* type : {"application/jso", "application/json2", "text/plain", ";"}) {
    EXPECT_EQ(codecs.find(type), nullptr) << type;
  }
}

}  // namespace
}  // namespace tidings
