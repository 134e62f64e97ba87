#include <gmock/gmock.h>

#include <array>
#include <memory>

#include "transport/rabbitmq/catalog/foreign_letters.hpp"
#include "transport/rabbitmq/format/key_slots.hpp"
#include "transport/rabbitmq/format/message.hpp"
#include "transport/rabbitmq/link/field_value.hpp"

namespace tidings::rabbitmq {
namespace {

using ::testing::HasSubstr;
using transport::Record;

amqp_field_value_t text(std::string_view value) {
  amqp_field_value_t field{};
  field.kind = AMQP_FIELD_KIND_UTF8;
  field.value.bytes = bytes_of(value);
  return field;
}

// `x-death` as RabbitMQ writes it, of one death.
struct Deaths {
  explicit Deaths(std::string_view queue) {
    amqp_field_value_t count{};
    count.kind = AMQP_FIELD_KIND_I64;
    count.value.i64 = 2;
    amqp_field_value_t time{};
    time.kind = AMQP_FIELD_KIND_TIMESTAMP;
    time.value.u64 = 1'700'000'000;
    amqp_field_value_t keys{};
    keys.kind = AMQP_FIELD_KIND_ARRAY;
    keys.value.array = {.num_entries = 1, .entries = &key};
    entries = {{{bytes_of("count"), count},
                {bytes_of("reason"), text("rejected")},
                {bytes_of("queue"), text(queue)},
                {bytes_of("time"), time},
                {bytes_of("exchange"), text("events")},
                {bytes_of("routing-keys"), keys}}};
    death.kind = AMQP_FIELD_KIND_TABLE;
    death.value.table = {.num_entries = static_cast<int>(entries.size()), .entries = entries.data()};
  }
  Deaths(const Deaths&) = delete;
  Deaths& operator=(const Deaths&) = delete;

  amqp_field_value_t value() {
    amqp_field_value_t array{};
    array.kind = AMQP_FIELD_KIND_ARRAY;
    array.value.array = {.num_entries = 1, .entries = &death};
    return array;
  }

  amqp_field_value_t key = text("order.created");
  std::array<amqp_table_entry_t, 6> entries{};
  amqp_field_value_t death{};
};

std::unique_ptr<Message> message_of(amqp_basic_properties_t properties, std::vector<amqp_table_entry_t> headers) {
  properties._flags |= AMQP_BASIC_HEADERS_FLAG;
  properties.headers = {.num_entries = static_cast<int>(headers.size()), .entries = headers.data()};
  auto message = std::make_unique<Message>(amqp_basic_deliver_t{}, "orders");
  message->set_properties(properties, 0);
  message->finish();
  return message;
}

std::unique_ptr<Message> arrive(std::vector<amqp_table_entry_t> headers) {
  return message_of({}, std::move(headers));
}

// What a copy with these notes would be on the wire, and come as.
std::unique_ptr<Message> copied(const Message& message, const Notes& notes) {
  const Record record = to_record(message.record());
  const Properties properties{record, notes, Time{}};
  return message_of(properties.get(), {properties.get().headers.entries,
                                       properties.get().headers.entries + properties.get().headers.num_entries});
}

// But for that of its slot.
std::vector<std::string> header_names(const Record& record) {
  const Properties properties{record, {}, Time{}};
  const auto& table = properties.get().headers;
  std::vector<std::string> names;
  for (int i = 0; i < table.num_entries; ++i) names.emplace_back(view_of(table.entries[i].key));
  std::erase(names, slot_header(slot_of_key(record.key.value_or(record.id))));
  return names;
}

TEST(AmqpMessage, SaysWhichQueueGaveItUpAndWhy) {
  Deaths deaths{"order_created_queue"};
  const auto message = arrive({{bytes_of("x-death"), deaths.value()}});
  const Death expected{.queue = "order_created_queue",
                       .reason = "rejected",
                       .routing_key = "order.created",
                       .count = 2,
                       .at = Time{std::chrono::seconds{1'700'000'000}}};
  EXPECT_EQ(message->death(), expected);
  EXPECT_EQ(arrive({{bytes_of("x-death"), text("mine")}})->death(), std::nullopt);
}

TEST(AmqpMessage, CopiesCarryTheDeathsOfTheOriginalUnderAnotherName) {
  Deaths deaths{"orders.queue"};
  const auto message = arrive({{bytes_of("x-death"), deaths.value()},
                               {bytes_of("x-first-death-queue"), text("orders.queue")},
                               {bytes_of("mine"), text("stays")}});
  EXPECT_THAT(header_names(to_record(message->record())),
              ::testing::ElementsAre("tidings-topic", "x-original-death", "mine"));
}

// RabbitMQ says of a copy how it waited: that is nothing of the event's.
TEST(AmqpMessage, ACopyOfOursHasNoDeathsButTheOriginals) {
  Deaths first{"orders.queue"};
  const auto original = arrive({{bytes_of("x-death"), first.value()}});
  const Notes notes{{"tidings-group", "g"}};
  const auto copy = copied(*original, notes);
  Deaths later{"orders_queue.retry.1000ms"};
  const Record record = to_record(copy->record());
  const Properties sent{record, notes, Time{}};
  std::vector<amqp_table_entry_t> headers{sent.get().headers.entries,
                                          sent.get().headers.entries + sent.get().headers.num_entries};
  headers.push_back({bytes_of("x-death"), later.value()});
  headers.push_back({bytes_of("x-first-death-queue"), text("orders_queue.retry.1000ms")});
  const auto waited = message_of(sent.get(), headers);
  EXPECT_EQ(to_record(waited->record()), record);
  EXPECT_EQ(waited->death()->queue, "orders_queue.retry.1000ms");
}

TEST(AmqpMessage, OfOneThatDiedAgainTheLaterDeathsGoWithIt) {
  Deaths first{"orders.queue"};
  const auto replayed = copied(*arrive({{bytes_of("x-death"), first.value()}}), {});
  const Record record = to_record(replayed->record());
  const Properties sent{record, {}, Time{}};
  std::vector<amqp_table_entry_t> headers{sent.get().headers.entries,
                                          sent.get().headers.entries + sent.get().headers.num_entries};
  Deaths second{"orders.queue"};
  headers.push_back({bytes_of("x-death"), second.value()});
  EXPECT_THAT(header_names(to_record(message_of({}, headers)->record())),
              ::testing::ElementsAre("tidings-topic", "x-original-death"));
}

TEST(AmqpMessage, KeepsPropertiesThatRecordsHaveNoFieldFor) {
  amqp_basic_properties_t properties{};
  properties._flags = AMQP_BASIC_CONTENT_ENCODING_FLAG | AMQP_BASIC_REPLY_TO_FLAG | AMQP_BASIC_EXPIRATION_FLAG;
  properties.content_encoding = bytes_of("gzip");
  properties.reply_to = bytes_of("answers");
  properties.expiration = bytes_of("1000");
  const Record record = to_record(message_of(properties, {})->record());
  const Properties again{record, {}, Time{}};
  EXPECT_EQ(view_of(again.get().content_encoding), "gzip");
  EXPECT_EQ(view_of(again.get().reply_to), "answers");
  EXPECT_EQ(again.get()._flags & AMQP_BASIC_EXPIRATION_FLAG, 0u) << "a copy would vanish by it";
}

// Others can write our headers, too. A property of more than 255 bytes would make a frame that no server reads.
TEST(AmqpMessage, WhatIsTooLongForAPropertyGoesOnAsItCame) {
  const std::string type(300, 't');
  amqp_table_entry_t entry{bytes_of("amqp.type"), text(type)};
  amqp_table_t table{.num_entries = 1, .entries = &entry};
  std::string fields(1'000, '\0');
  std::size_t used = 0;
  ASSERT_EQ(amqp_encode_table(bytes_of(fields), &table, &used), AMQP_STATUS_OK);
  const std::string header = "amqp:" + fields.substr(0, used);
  const auto message = arrive({{bytes_of("tidings-broker-fields"), text(header)}});
  const Record record = to_record(message->record());
  const Properties copy{record, {}, Time{}};
  EXPECT_EQ(copy.get()._flags & AMQP_BASIC_TYPE_FLAG, 0u);
  EXPECT_EQ(to_record(copied(*message, {})->record()).broker_fields, record.broker_fields);
}

TEST(AmqpMessage, ATimeThatNoClockShowsIsTheLastOne) {
  amqp_basic_properties_t properties{};
  properties._flags = AMQP_BASIC_TIMESTAMP_FLAG;
  for (const std::uint64_t far : {std::uint64_t{1'700'000'000'000}, UINT64_MAX}) {  // milliseconds, say
    properties.timestamp = far;
    EXPECT_EQ(message_of(properties, {})->record().time, Time{std::chrono::seconds{kTimeSecondsMax}}) << far;
  }
}

TEST(ForeignLetter, IsKnownByItsQueueAndGoesBackThere) {
  Deaths deaths{"orders.queue"};
  const auto message = arrive({{bytes_of("x-death"), deaths.value()}});
  const transport::DeadLetter letter = foreign_letter(*message);
  EXPECT_EQ(letter.group, "foreign:orders.queue");
  EXPECT_EQ(letter.attempts, 2);
  EXPECT_EQ(letter.id, foreign_letter_id(*message));
  EXPECT_TRUE(letter.id.starts_with("00060a24181e4000-")) << letter.id;  // sorts by its time
  const auto replay = foreign_replay(*message);
  ASSERT_TRUE(replay) << replay.error().message;
  EXPECT_EQ(replay->exchange + "/" + replay->key, "/orders.queue");
}

TEST(ForeignLetter, ThatSaysNoQueueIsNotReplayed) {
  const auto message = arrive({{bytes_of("x-death"), text("mine")}});
  EXPECT_EQ(foreign_letter(*message).group, "foreign:unknown");
  const auto replay = foreign_replay(*message);
  ASSERT_FALSE(replay);
  EXPECT_EQ(replay.error().kind, ErrorKind::invalid);
  EXPECT_THAT(replay.error().message, HasSubstr("publish its event anew"));
}

TEST(AmqpMessageTest, KnowsWhetherItSaysTheSlotOfItsKey) {
  EXPECT_TRUE(message_of({}, {{bytes_of("tidings-slot-7"), text("")}})->says_slot());
  EXPECT_FALSE(message_of({}, {{bytes_of("aggregate_id"), text("a")}})->says_slot());
}

}  // namespace
}  // namespace tidings::rabbitmq
