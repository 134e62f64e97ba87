#include "operate/tail.hpp"

#include <gmock/gmock.h>

#include "operate/canned_transport.hpp"
#include "tidings/testing/simulated_executor.hpp"

namespace tidings::operate {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using tidings::testing::SimulatedExecutor;

constexpr Time kStart = SimulatedExecutor::kStart - 1h;

std::string body_of(const std::string& id, const std::string& type, const std::string& correlation) {
  return R"({"eventId":")" + id + R"(","eventType":")" + type +
         R"(","timestamp":"2026-01-02T03:04:05Z","aggregateId":"a","correlationId":")" + correlation +
         R"(","data":{"n":1}})";
}

class Tail : public ::testing::Test {
 protected:
  Tail() {
    canned_->topics = {{.name = "orders"}};
    add("e0", "OrderCreated", "a", "c0");
    add("e1", "ORDER_PAID", "b", "c0");
    add("e2", "OrderCreated", "a", "c1");
  }

  CannedRecord& add(const std::string& id, const std::string& type, const std::string& key,
                    const std::string& correlation) {
    const auto offset = static_cast<std::int64_t>(canned_->records.size());
    canned_->records.push_back({.record = {.topic = "orders",
                                           .key = key,
                                           .id = id,
                                           .type = type,
                                           .correlation_id = correlation,
                                           .content_type = "application/json",
                                           .body = body_of(id, type, correlation)},
                                .position = {5, offset},
                                .published = kStart + offset * 1s});
    return canned_->records.back();
  }

  // The ids that are visited.
  std::vector<std::string> ids(const TailRequest& request) {
    CannedTransport transport{canned_};
    std::vector<std::string> found;
    const auto done = tail(transport, executor_, request, {.visit = [&](const TailEvent& event) {
                             found.push_back(event.envelope.id + (event.error ? "!" : ""));
                             return found.size() < 10;
                           }});
    EXPECT_TRUE(done) << done.error().message;
    return found;
  }

  std::string json_of_last() {
    CannedTransport transport{canned_};
    std::string json;
    EXPECT_TRUE(tail(transport, executor_, {.topic = Topic{"orders"}}, {.visit = [&](const TailEvent& event) {
                       json = json_of(event);
                       return true;
                     }}));
    return json;
  }

  SimulatedExecutor executor_{1};
  std::shared_ptr<Canned> canned_ = std::make_shared<Canned>();
};

// A37
TEST_F(Tail, ShowsWhatItsFiltersTake) {
  const Topic orders{"orders"};
  EXPECT_THAT(ids({.topic = orders}), ElementsAre("e0", "e1", "e2"));
  EXPECT_THAT(ids({.topic = orders, .limit = 2}), ElementsAre("e0", "e1"));
  EXPECT_THAT(ids({.topic = orders, .limit = 0}), IsEmpty());
  EXPECT_THAT(ids({.topic = orders, .from = kStart + 1s}), ElementsAre("e1", "e2"));
  EXPECT_THAT(ids({.topic = orders, .type = "order.created"}), ElementsAre("e0", "e2"));
  EXPECT_THAT(ids({.topic = orders, .type = "OrderPaid"}), ElementsAre("e1"));
  EXPECT_THAT(ids({.topic = orders, .key = Key{"b"}}), ElementsAre("e1"));
  EXPECT_THAT(ids({.topic = orders, .correlation_id = "c0"}), ElementsAre("e0", "e1"));
  EXPECT_THAT(ids({.topic = orders, .limit = 1, .correlation_id = "c1"}), ElementsAre("e2"));
}

TEST_F(Tail, EndsWithoutFollowThoughOthersGoOnPublishing) {
  CannedTransport transport{canned_};
  int seen = 0;
  ASSERT_TRUE(tail(transport, executor_, {.topic = Topic{"orders"}}, {.visit = [&](const TailEvent&) {
                     add("later", "OrderCreated", "a", "c").published = executor_.now() + 1s;
                     return ++seen < 100;
                   }}));
  EXPECT_EQ(seen, 3);
}

TEST_F(Tail, FollowsUntilItIsStopped) {
  CannedTransport transport{canned_};
  int seen = 0;
  int asked = 0;
  ASSERT_TRUE(tail(transport, executor_, {.topic = Topic{"orders"}, .follow = Follow::yes},
                   {.visit =
                        [&](const TailEvent&) {
                          ++seen;
                          return true;
                        },
                    .stop =
                        [&] {
                          if (++asked == 20) add("late", "OrderCreated", "a", "c");
                          return asked > 40;
                        }}));
  EXPECT_EQ(seen, 4);
}

// P6: what cannot be decoded is shown, never dropped.
TEST_F(Tail, ShowsWhatIsNoEvent) {
  add("broken", "OrderCreated", "a", "c").record.body = "{";
  add("empty", "", "a", "").record.body = std::nullopt;
  add("avro", "OrderPaid", "a", "c").record.content_type = "application/avro";
  const Topic orders{"orders"};
  EXPECT_THAT(ids({.topic = orders, .from = kStart + 3s}), ElementsAre("broken!", "empty!", "avro!"));
  // Only what says itself that it is something else is left out.
  EXPECT_THAT(ids({.topic = orders, .from = kStart + 3s, .type = "OrderCreated"}), ElementsAre("broken!", "empty!"));
}

TEST_F(Tail, RefusesATopicThatIsNotThere) {
  CannedTransport transport{canned_};
  const auto done =
      tail(transport, executor_, {.topic = Topic{"order"}}, {.visit = [](const TailEvent&) { return true; }});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message, "there is no topic 'order'; there are: orders");
}

TEST_F(Tail, IsTheEnvelopeAndItsPositionAsJson) {
  EXPECT_EQ(json_of_last(),
            R"({"eventId":"e2","eventType":"OrderCreated","timestamp":"2026-01-02T03:04:05.000000Z","aggregateId":"a",)"
            R"("version":1,"correlationId":"c1","data":{"n":1},"topic":"orders","partition":5,"position":2})");
}

TEST_F(Tail, IsTheRecordAsJsonWhereItIsNoEvent) {
  transport::Record& record = add("e3", "T", "\xff", "c").record;
  record.body = "\xfe";
  record.headers = {{"h", "v"}, {"n", std::nullopt}};
  const std::string json = json_of_last();
  EXPECT_THAT(json, HasSubstr(R"("position":3)"));
  EXPECT_THAT(json, HasSubstr(R"("keyBase64":"/w==")"));
  EXPECT_THAT(json, HasSubstr(R"("bodyBase64":"/g==")"));
  EXPECT_THAT(json, HasSubstr(R"("kind":"corrupt")"));
  EXPECT_THAT(json, HasSubstr(R"({"name":"h","value":"v"})"));
}

TEST_F(Tail, StaysOnOneLineAsJson) {
  add("e3", "T", "a", "c").record.body = "{\"eventId\":\"e3\",\"eventType\":\"T\",\"data\":{\n \"n\": 1\n}}";
  EXPECT_EQ(json_of_last().find('\n'), std::string::npos);
}

}  // namespace
}  // namespace tidings::operate
