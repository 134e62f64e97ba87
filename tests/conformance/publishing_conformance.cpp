// P1: a confirmed publish is there. What was published comes back byte-equal (P6). Refusals say what to do.
#include "tests/conformance/conformance.hpp"

namespace tidings::conformance {
namespace {

using transport::Record;

Record odd_record() {
  return {.topic = "orders",
          .key = std::string{"k\0\xff", 3},
          .id = "an id",
          .type = "OrderCreated",
          .correlation_id = "story",
          .content_type = "application/json",
          .time = Time{std::chrono::microseconds{1'700'000'000'123'456}},
          .headers = {{"twice", "1"}, {"null", std::nullopt}, {"twice", std::string{"\0\x01", 2}}, {"empty", ""}},
          .broker_fields = std::string{"\x00opaque", 7},
          .body = std::string{"no \0 JSON \xfe", 12}};
}

TEST_P(PublishingConformance, P1ConfirmedRecordsAreSeenByOtherProcesses) {
  declare_topic("orders");
  publish_numbers("orders", 0, 50);
  auto reader = join("g", "orders", "elsewhere");
  EXPECT_EQ(reader.next(50, soon()).size(), 50u);
}

TEST_P(PublishingConformance, P1ConfirmedRecordsSurviveTheKillOfTheirPublisher) {
  declare_topic("orders");
  start({.topic = "orders", .publish = 200})->kill();
  EXPECT_EQ(history("orders").size(), 200u);
  auto reader = join("g", "orders");
  EXPECT_EQ(reader.next(200, soon()).size(), 200u);
}

TEST_P(PublishingConformance, P6RecordsComeBackByteEqual) {
  declare_topic("orders");
  publish({odd_record()});
  auto reader = join("g", "orders");
  const auto deliveries = reader.next(1, soon());
  ASSERT_EQ(deliveries.size(), 1u);
  const Record received = to_record(deliveries[0].record);
  EXPECT_EQ(received, as_kept(odd_record(), received));
}

TEST_P(PublishingConformance, P6RecordsWithoutAnythingComeBackSo) {
  declare_topic("orders");
  const Record bare{.topic = "orders"};
  const Record empty{.topic = "orders", .key = "", .body = ""};
  publish({bare, empty});
  auto reader = join("g", "orders");
  std::vector<Record> received;
  for (const auto& delivery : reader.next(2, soon())) {
    received.push_back(to_record(delivery.record));
    if (capabilities().stamps_time) received.back().time.reset();
  }
  EXPECT_THAT(received, ::testing::UnorderedElementsAre(bare, empty));
}

TEST_P(PublishingConformance, AnswersEachRecordOfABatchByItsIndex) {
  declare_topic("orders");
  const auto outcomes = try_publish({numbered("orders", 0), numbered("nowhere", 1), numbered("orders", 2)});
  ASSERT_EQ(outcomes.size(), 3u);
  EXPECT_TRUE(outcomes[0]) << outcomes[0].error().message;
  ASSERT_FALSE(outcomes[1]);
  EXPECT_EQ(outcomes[1].error().kind, ErrorKind::invalid);
  EXPECT_THAT(outcomes[1].error().message, ::testing::HasSubstr("nowhere"));
  EXPECT_TRUE(outcomes[2]) << outcomes[2].error().message;
}

TEST_P(PublishingConformance, P6RecordsThatAreTooLargeAreRefused) {
  declare_topic("orders");
  Record large = numbered("orders", 0);
  const std::size_t max = capabilities().record_bytes_max;
  large.body = std::string(max - (size_of(large) - large.body->size()), 'x');
  Record too_large = large;
  too_large.body->push_back('x');
  const auto outcomes = try_publish({large, too_large});
  EXPECT_TRUE(outcomes.at(0)) << outcomes[0].error().message;
  ASSERT_FALSE(outcomes.at(1));
  EXPECT_EQ(outcomes[1].error().kind, ErrorKind::invalid);
  EXPECT_EQ(history("orders").size(), 1u);
}

TEST_P(PublishingConformance, P4RecordsOfAKeyStandInTheOrderInWhichTheyWereSent) {
  declare_topic("orders");
  publish_numbers("orders", 0, 100, 3);
  publish_numbers("orders", 100, 100, 3);
  std::map<std::string, std::vector<int>> numbers;
  for (const Record& record : history("orders")) numbers[*record.key].push_back(std::stoi(record.id));
  EXPECT_EQ(numbers.size(), 3u);
  for (auto& [key, of_key] : numbers) EXPECT_TRUE(std::is_sorted(of_key.begin(), of_key.end())) << key;
}

TEST_P(PublishingConformance, FlushWaitsForWhatWasSent) {
  declare_topic("orders");
  const auto publisher = here().publisher({}).value();
  std::atomic<int> confirmed = 0;
  for (int i = 0; i < 20; ++i) {
    publisher->send({numbered("orders", i)}, [&](std::size_t, Result<void> outcome) { confirmed += outcome ? 1 : 0; });
  }
  ASSERT_TRUE(publisher->flush(soon()));
  EXPECT_EQ(confirmed.load(), 20);
}

TEST_P(PublishingConformance, DestroyingAPublisherAnswersEverything) {
  declare_topic("orders");
  auto publisher = here().publisher({}).value();
  std::atomic<int> answered = 0;
  for (int i = 0; i < 20; ++i) {
    publisher->send({numbered("orders", i)}, [&](std::size_t, const Result<void>&) { ++answered; });
  }
  publisher.reset();
  EXPECT_EQ(answered.load(), 20);
}

TEST_P(PublishingConformance, P9WhatWaitsForConfirmationIsBounded) {
  declare_topic("orders");
  const auto publisher = here().publisher({.buffer_records_max = 5}).value();
  std::atomic<int> overloaded = 0;
  std::vector<Record> batch;
  for (int i = 0; i < 20; ++i) batch.push_back(numbered("orders", i));
  publisher->send(std::move(batch), [&](std::size_t, const Result<void>& outcome) {
    if (!outcome && outcome.error().kind == ErrorKind::overloaded) ++overloaded;
  });
  ASSERT_TRUE(publisher->flush(soon()));
  EXPECT_EQ(overloaded.load(), 15);
  EXPECT_EQ(history("orders").size(), 5u);
}

}  // namespace
}  // namespace tidings::conformance
