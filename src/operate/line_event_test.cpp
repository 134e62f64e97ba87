#include "operate/line_event.hpp"

#include <gmock/gmock.h>

#include "tidings/testing/simulated_executor.hpp"

namespace tidings::operate {
namespace {

using ::testing::HasSubstr;
using tidings::testing::SimulatedExecutor;

constexpr Time kNow = SimulatedExecutor::kStart;

class LineEvent : public ::testing::Test {
 protected:
  LineReader reader(LineDefaults defaults = {}, Profile profile = Profile::kafka) {
    return {Topic{"orders"}, std::move(defaults), profile, executor_};
  }
  Error error_of(std::string_view line, LineDefaults defaults = {}) {
    const auto record = reader(std::move(defaults)).from_line(line, kNow);
    return record ? Error{ErrorKind::unsupported, "(read)"} : record.error();
  }

 private:
  SimulatedExecutor executor_{1};
};

// A37: a line is {type,key,data} ...
TEST_F(LineEvent, ReadsTheShortForm) {
  const auto record = reader().from_line(R"({"type":"OrderCreated","key":"o-1","data":{"n":1.50}})", kNow);
  ASSERT_TRUE(record) << record.error().message;
  EXPECT_EQ(record->topic, "orders");
  EXPECT_EQ(record->key, "o-1");
  EXPECT_EQ(record->type, "OrderCreated");
  EXPECT_EQ(record->time, kNow);
  EXPECT_EQ(record->id.size(), 36u);
  EXPECT_EQ(record->correlation_id, record->id);
  EXPECT_EQ(record->content_type, "application/json");
  EXPECT_EQ(record->body, R"({"eventId":")" + record->id +
                              R"(","eventType":"OrderCreated","timestamp":"2025-01-01T00:00:00.000000Z",)"
                              R"("aggregateId":"o-1","version":1,"correlationId":")" +
                              record->id + R"(","data":{"n":1.50}})");
}

TEST_F(LineEvent, TakesWhatALineDoesNotSayFromTheDefaults) {
  const LineDefaults defaults{.type = "OrderCreated", .key = Key{"k"}};
  const auto filled = reader(defaults).from_line(R"({"data":1})", kNow);
  ASSERT_TRUE(filled) << filled.error().message;
  EXPECT_EQ(filled->type, "OrderCreated");
  EXPECT_EQ(filled->key, "k");
  const auto said = reader(defaults).from_line(R"({"type":"OrderPaid","key":"o","data":1})", kNow);
  EXPECT_EQ(said->type, "OrderPaid");
  EXPECT_EQ(said->key, "o");
}

// ... or an envelope, in either profile.
TEST_F(LineEvent, KeepsWhatAnEnvelopeSays) {
  const auto record = reader().from_line(
      R"({"event_id":"e-1","event_type":"OrderPaid","timestamp":"2026-01-02T03:04:05Z","aggregate_id":"o-2",)"
      R"("correlation_id":"c-1","causation_id":"e-0","version":3,"data":{"a":[]},"metadata":{"user":"u"}})",
      kNow);
  ASSERT_TRUE(record) << record.error().message;
  EXPECT_EQ(record->id, "e-1");
  EXPECT_EQ(record->type, "OrderPaid");
  EXPECT_EQ(record->key, "o-2");
  EXPECT_EQ(record->correlation_id, "c-1");
  EXPECT_EQ(record->headers, (std::vector<transport::Header>{{"causationId", "e-0"}}));
  EXPECT_THAT(*record->body, HasSubstr(R"("timestamp":"2026-01-02T03:04:05.000000Z")"));
  EXPECT_THAT(*record->body, HasSubstr(R"("version":3)"));
  EXPECT_THAT(*record->body, HasSubstr(R"("metadata":{"user":"u"})"));
}

TEST_F(LineEvent, WritesTheProfileOfTheTransport) {
  const auto record = reader({}, Profile::rabbitmq).from_line(R"({"type":"OrderPaid","data":1})", kNow);
  ASSERT_TRUE(record) << record.error().message;
  EXPECT_THAT(*record->body, HasSubstr(R"("event_type":"OrderPaid")"));
}

TEST_F(LineEvent, HasNoKeyWhereNothingNamesOne) {
  const auto record = reader().from_line(R"({"type":"OrderPaid","data":1})", kNow);
  EXPECT_EQ(record->key, std::nullopt);
}

TEST_F(LineEvent, SaysWhatIsWrongWithALine) {
  EXPECT_EQ(error_of("{\"data\":").kind, ErrorKind::corrupt);
  EXPECT_EQ(error_of("nonsense").kind, ErrorKind::invalid);
  EXPECT_EQ(error_of(R"({"data":1})").kind, ErrorKind::invalid);
  EXPECT_THAT(error_of(R"({"data":1})").message, HasSubstr("--type"));
  EXPECT_THAT(error_of(R"({"type":"T"})").message, HasSubstr("data: missing"));
  EXPECT_THAT(error_of(R"({"type":"T","data":null})").message, HasSubstr("data: missing"));
  EXPECT_FALSE(reader({.type = "T"}).from_data(" null ", kNow));
  EXPECT_THAT(error_of(R"({"type":1,"data":1})").message, HasSubstr("type: expected"));
  EXPECT_THAT(error_of(R"({"eventType":"T","eventId":5,"data":1})").message, HasSubstr("eventId: expected"));
}

TEST_F(LineEvent, TakesALineAsDataAlone) {
  const auto record = reader({.type = "OrderPaid"}).from_data(R"({"type":"x"})", kNow);
  ASSERT_TRUE(record) << record.error().message;
  EXPECT_EQ(record->type, "OrderPaid");
  EXPECT_THAT(*record->body, HasSubstr(R"("data":{"type":"x"})"));
  EXPECT_FALSE(reader({.type = "OrderPaid"}).from_data("{", kNow));
}

}  // namespace
}  // namespace tidings::operate
