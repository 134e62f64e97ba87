// The bodies that the article's own services write (article.md, "the wire contract").
#include <gtest/gtest.h>

#include "event/sample_events.hpp"

namespace tidings {
namespace {

using sample::golden;
using sample::OrderCreated;
using sample::OrderPlaced;

const Time kTime{std::chrono::microseconds{1'767'323'045'123'456}};

template <class E>
Result<DecodeNotes> decode(Profile profile, const std::string& body, Envelope& envelope, E& data) {
  return json_codec()->decode(profile, body, envelope, describe<E>(), &data);
}

void expect_the_java_order(const std::string& file) {
  Envelope envelope;
  OrderCreated data;
  const auto notes = decode(Profile::kafka, golden(file), envelope, data);
  ASSERT_TRUE(notes) << file << ": " << notes.error().message;
  EXPECT_EQ(envelope.id, "7c9e6679-7425-40de-944b-e07fc1f90ae7");
  EXPECT_EQ(envelope.type, "OrderCreated");
  EXPECT_EQ(envelope.time, kTime) << file;
  EXPECT_EQ(envelope.aggregate_id, "ord-123");
  EXPECT_EQ(envelope.version, 1);
  EXPECT_EQ(envelope.correlation_id, "");
  EXPECT_EQ(envelope.causation_id, "");
  EXPECT_EQ(data, (OrderCreated{"cust-456", {{"prod-789", 2, 49.995}}, Money{9999}}));
}

// A10, design section 6: Jackson's default writes an Instant as seconds with nanoseconds, fields that are not set as
// null, and an int that is not set as 0.
TEST(Article, JavaWithANumericTimestamp) {
  expect_the_java_order("article-java-numeric-time.json");
}

TEST(Article, JavaWithMilliseconds) {
  Envelope envelope;
  OrderCreated data;
  ASSERT_TRUE(decode(Profile::kafka, golden("article-java-millis.json"), envelope, data));
  EXPECT_EQ(envelope.time, std::chrono::floor<std::chrono::milliseconds>(kTime));
}

TEST(Article, JavaWithIsoTimestamp) {
  expect_the_java_order("article-java-iso-time.json");
}

// datetime.utcnow().isoformat() has no zone; the data has the order's id; there is no version, no aggregate id.
TEST(Article, Python) {
  Envelope envelope{.aggregate_id = "from the header"};
  OrderPlaced data;
  const auto notes = decode(Profile::rabbitmq, golden("article-python.json"), envelope, data);
  ASSERT_TRUE(notes) << notes.error().message;
  EXPECT_EQ(envelope.id, "16fd2706-8baf-433b-82eb-8c7fada847da");
  EXPECT_EQ(envelope.type, "ORDER_CREATED");
  EXPECT_EQ(envelope.time, kTime);
  EXPECT_EQ(envelope.correlation_id, "886313e1-3b8a-5372-9b90-0c9aee199e5d");
  EXPECT_EQ(envelope.aggregate_id, "from the header");
  EXPECT_EQ(data, (OrderPlaced{"ord-123", "cust-456", {{"prod-789", 2, 0}}, Money{9999}}));
}

TEST(Article, TracingPutsItsContextIntoTheBody) {
  Envelope envelope;
  OrderCreated data;
  const auto notes = decode(Profile::kafka, golden("article-traced.json"), envelope, data);
  ASSERT_TRUE(notes) << notes.error().message;
  EXPECT_EQ(notes->traceparent, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  EXPECT_EQ(notes->tracestate, "vendor=1");
}

}  // namespace
}  // namespace tidings
