#include "transport/kafka/format/wire.hpp"

#include <gmock/gmock.h>

namespace tidings::kafka {
namespace {

using ::testing::ElementsAre;
using transport::Header;
using transport::HeaderView;
using transport::Record;
using transport::RecordView;

using Headers = std::vector<Header>;

// As the client would send them.
Headers written(const Record& record, const Copy* copy = nullptr) {
  const HeadersHandle handle = headers_of(record, copy);
  Headers headers;
  for (std::size_t i = 0; i < rd_kafka_header_cnt(handle.get()); ++i) {
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t bytes = 0;
    rd_kafka_header_get_all(handle.get(), i, &name, &value, &bytes);
    Header& header = headers.emplace_back(Header{.name = name, .value = {}});
    if (value != nullptr) header.value.emplace(static_cast<const char*>(value), bytes);
  }
  return headers;
}

std::vector<HeaderView> views_of(const Headers& headers) {
  std::vector<HeaderView> views;
  for (const auto& [name, value] : headers) views.push_back({.name = name, .value = value});
  return views;
}

struct Read {
  Record record;
  std::optional<Copy> copy;
};

Read read(const Headers& headers) {
  const auto views = views_of(headers);
  RecordView view;
  read_headers(view, views);
  Copy copy;
  const bool is_copy = take_copy(view, copy);
  return {.record = to_record(view), .copy = is_copy ? std::optional{copy} : std::nullopt};
}

std::string shown(const Headers& headers) {
  std::string text;
  for (const auto& [name, value] : headers) text += name + '=' + value.value_or("(null)") + ' ';
  return text;
}

Copy full_copy() {
  const Time time{std::chrono::microseconds{1'700'000'000'123'456}};
  return {.group = "payments",
          .subscription = "order.*",
          .topic = "orders",
          .position = {.partition = 3, .offset = 1'000'000'000'007},
          .time = time,
          .attempts = {.failed = 4,
                       .crashes = 1,
                       .due = time + std::chrono::seconds{2},
                       .first_failed = time + std::chrono::seconds{1},
                       .last_error = "the bank is \xe2\x80\x9c"
                                     "away\xe2\x80\x9d\n"},
          .replays = 2,
          .replay_id = "again-1",
          .reason = "failed",
          .buried = time + std::chrono::seconds{3},
          .host = "here",
          .pid = 4'711};
}

TEST(WireTest, NamedFieldsAreHeadersInFront) {
  const Record record{.topic = "orders",
                      .id = "1",
                      .type = "OrderCreated",
                      .correlation_id = "story",
                      .content_type = "application/avro",
                      .headers = {{"traceparent", "00-1"}, {"traceparent", std::nullopt}},
                      .broker_fields = std::string{"a\0b", 3}};
  EXPECT_THAT(written(record), ElementsAre(Header{"eventId", "1"}, Header{"eventType", "OrderCreated"},
                                           Header{"correlationId", "story"}, Header{"contentType", "application/avro"},
                                           Header{"tidings-broker-fields", std::string{"a\0b", 3}},
                                           Header{"traceparent", "00-1"}, Header{"traceparent", std::nullopt}));
  Record back = read(written(record)).record;
  back.topic = record.topic;
  EXPECT_EQ(back, record);
}

TEST(WireTest, JsonGoesWithoutSayingWhereARecordSaysWhatItIs) {
  const Record event{.id = "1", .content_type = "application/json"};
  EXPECT_THAT(written(event), ElementsAre(Header{"eventId", "1"}));
  EXPECT_EQ(read(written(event)).record, event);
  const Record nameless{.content_type = "application/json"};
  EXPECT_THAT(written(nameless), ElementsAre(Header{"contentType", "application/json"}));
  EXPECT_EQ(read(written(nameless)).record, nameless);
  EXPECT_EQ(read({}).record.content_type, "");
}

// Every order of up to four of these, each of them as often as it likes.
TEST(WireTest, WhatWasReceivedIsWrittenBackByteEqual) {
  const Headers some{{"eventId", "1"},
                     {"eventId", std::nullopt},
                     {"eventType", "Paid"},
                     {"eventType", ""},
                     {"contentType", "text"},
                     {"contentType", "application/json"},
                     {"x", std::nullopt},
                     {"x", ""},
                     {"tidings-broker-fields", "b"},
                     {"EventId", "other"},
                     {"", "nameless"}};
  std::vector<Headers> all{{}};
  for (std::size_t i = 0; i < all.size(); ++i) {
    ASSERT_EQ(shown(written(read(all[i]).record)), shown(all[i]));
    ASSERT_EQ(written(read(all[i]).record), all[i]);
    if (all[i].size() == 4) continue;
    for (const Header& next : some) {
      Headers longer = all[i];
      longer.push_back(next);
      all.push_back(std::move(longer));
    }
  }
}

// Whoever sends a copy of ours on may add what he likes.
TEST(WireTest, WhatStandsBehindACopyIsNotOfItsRecord) {
  const Record record{.topic = "orders", .id = "1", .type = "Paid", .content_type = "application/json"};
  const Copy copy{.group = "payments", .topic = "orders"};
  Headers sent_on = written(record, &copy);
  sent_on.push_back({"eventId", "2"});
  sent_on.push_back({"contentType", "text"});
  const Read back = read(sent_on);
  EXPECT_EQ(back.record, record);
  EXPECT_EQ(back.copy, copy);
}

// A handler gets it as an event; what becomes of it, a retry or a dead letter, is a copy again.
TEST(WireTest, ACopyOfWhatWasSentOnIsOfTheSameEvent) {
  const Record record{.topic = "orders", .id = "1", .type = "Paid", .content_type = "application/json"};
  const Copy copy{.group = "payments", .topic = "orders"};
  Headers sent_on = written(record, &copy);
  sent_on.push_back({"eventId", "2"});
  sent_on.push_back({"contentType", "text"});
  RecordView received;
  const auto views = views_of(sent_on);
  read_headers(received, views);
  const Copy second{.group = "audit"};
  const Read back = read(written(to_record(received), &second));
  EXPECT_EQ(back.copy, second);
  EXPECT_EQ(back.record.id, "1");
  EXPECT_EQ(back.record.content_type, "application/json");
  EXPECT_EQ(written(back.record), sent_on);
}

TEST(WireTest, ACopySaysAllThatItKnows) {
  const Record record{.id = "1", .type = "Paid", .content_type = "application/json", .headers = {{"x", "y"}}};
  const Copy copy = full_copy();
  const Read back = read(written(record, &copy));
  ASSERT_TRUE(back.copy);
  EXPECT_EQ(*back.copy, copy);
  EXPECT_EQ(back.record.headers, record.headers);
  EXPECT_EQ(back.record.id, "1");
  EXPECT_EQ(back.record.topic, "orders");
  EXPECT_EQ(back.record.time, copy.time);
}

TEST(WireTest, ACopyThatKnowsNothingIsACopyAllTheSame) {
  const Copy copy;
  EXPECT_THAT(written({}, &copy), ElementsAre(Header{"tidings-group", ""}));
  const Read back = read(written({}, &copy));
  ASSERT_TRUE(back.copy);
  EXPECT_EQ(*back.copy, copy);
}

// A foreign program may put our names there, or a dead letter may be published as an event.
TEST(WireTest, ACopyOfACopyKeepsTheHeadersOfTheFirst) {
  const Copy first = full_copy();
  const Record buried{.headers = written({.id = "1"}, &first)};
  const Copy second{.group = "audit"};
  const Read back = read(written(buried, &second));
  ASSERT_TRUE(back.copy);
  EXPECT_EQ(*back.copy, second);
  EXPECT_EQ(written(back.record), buried.headers);
}

TEST(WireTest, WhatIsNoCopyStaysAsItIs) {
  const Read back = read({{"tidings-topic", "orders"}, {"x", "y"}});
  EXPECT_FALSE(back.copy);
  EXPECT_EQ(back.record.headers.size(), 2u);
}

TEST(WireTest, NumbersAndTimesOfACopyThatAreNoneAreLeftOut) {
  const Read back = read({{"tidings-group", "g"},
                          {"tidings-attempts", "many"},
                          {"tidings-due", "soon"},
                          {"tidings-replays", std::nullopt}});
  ASSERT_TRUE(back.copy);
  EXPECT_EQ(*back.copy, Copy{.group = "g"});
}

TEST(WireTest, ATimestampIsNeverTheOneThatMeansNone) {
  EXPECT_EQ(timestamp_of(std::nullopt), 0);
  EXPECT_EQ(timestamp_of(Time{}), 1);
  EXPECT_EQ(timestamp_of(Time{} - std::chrono::seconds{1}), 1);
  EXPECT_EQ(timestamp_of(Time{std::chrono::microseconds{1'999}}), 1);
  EXPECT_EQ(timestamp_of(Time{std::chrono::milliseconds{1'700'000'000'123}}), 1'700'000'000'123);
}

}  // namespace
}  // namespace tidings::kafka
