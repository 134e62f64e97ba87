// The bytes on the wire (docs/wire.md). A difference here breaks services that are already running.
#include <gtest/gtest.h>

#include "event/sample_events.hpp"
#include "tidings/json.hpp"

namespace tidings {
namespace {

using sample::golden;

template <class E>
void expect_golden(const std::string& file, Profile profile, const Envelope& envelope, const E& data) {
  const auto codec = json_codec();
  std::string body;
  const auto encoded = codec->encode(profile, envelope, describe<E>(), &data, body);
  ASSERT_TRUE(encoded) << encoded.error().message;
  EXPECT_EQ(body, golden(file)) << file;

  // Read by a transport of either profile.
  for (const Profile reader : {Profile::kafka, Profile::rabbitmq}) {
    Envelope read_envelope;
    E read{};
    const auto notes = codec->decode(reader, golden(file), read_envelope, describe<E>(), &read);
    ASSERT_TRUE(notes) << notes.error().message;
    EXPECT_EQ(notes->both_spellings, 0u);
    EXPECT_EQ(read_envelope, envelope);
    EXPECT_EQ(read, data);
    Envelope peeked;
    ASSERT_TRUE(codec->peek(reader, golden(file), peeked));
    EXPECT_EQ(peeked, envelope);
  }
}

// A10, A12
TEST(Golden, Order) {
  expect_golden("order.kafka.json", Profile::kafka, sample::envelope(), sample::order());
  expect_golden("order.rabbitmq.json", Profile::rabbitmq, sample::envelope(), sample::order());
}

TEST(Golden, EveryKindOfMember) {
  Envelope envelope = sample::envelope();
  envelope.type = "Everything";
  expect_golden("everything.kafka.json", Profile::kafka, envelope, sample::everything());
  expect_golden("everything.rabbitmq.json", Profile::rabbitmq, envelope, sample::everything());
}

TEST(Golden, DefaultsAndAnEnvelopeWithLittle) {
  const Envelope envelope{.id = "1", .type = "Everything", .version = 3};
  expect_golden("defaults.kafka.json", Profile::kafka, envelope, sample::Everything{});
  expect_golden("defaults.rabbitmq.json", Profile::rabbitmq, envelope, sample::Everything{});
}

TEST(Golden, FieldInfoNamesAMemberInBothProfiles) {
  const sample::Registered data{"a@b.c", 30, "cust-1"};
  EXPECT_EQ(*to_json(data, Profile::kafka), R"({"e-mail":"a@b.c","age":30,"customerId":"cust-1"})");
  EXPECT_EQ(*to_json(data, Profile::rabbitmq), R"({"e-mail":"a@b.c","age":30,"customer_id":"cust-1"})");
}

}  // namespace
}  // namespace tidings
