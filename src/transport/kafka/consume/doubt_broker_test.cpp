// P2: a broker that goes away while it commits a transaction: whether it did is found out, and not guessed.
#include <cerrno>
#include <cstdlib>

#include "tidings/transport/url.hpp"
#include "transport/kafka/admin/topic_admin.hpp"
#include "transport/kafka/broker_here.hpp"
#include "transport/kafka/kafka_transport.hpp"

namespace tidings::kafka {
namespace {

constexpr int kEvents = 6;

class DoubtBrokerTest : public BrokerHere {
 protected:
  // A member whose second transaction gets no answer to its commit.
  std::unique_ptr<transport::Transport> open_with_doubt(int code) {
    const std::string fault = "in_transaction:2:" + std::to_string(code);
    ::setenv("TIDINGS_FAULT", fault.c_str(), 1);
    const auto url = "kafka://" + cluster().options().brokers +
                     "?commit_every=5ms&session_timeout=4s&prefix=" + cluster().options().prefix;
    auto opened = open_kafka(transport::parse_url(url).value(), thread_executor());
    ::unsetenv("TIDINGS_FAULT");
    return *std::move(opened);
  }
  void expect_each_once(int code);
};

void DoubtBrokerTest::expect_each_once(int code) {
  const NewTopic topic{.name = cluster().names().on_cluster("orders")};
  ASSERT_TRUE(create_topics(cluster(), {&topic, 1}));
  std::vector<transport::Record> records;
  for (int i = 0; i < kEvents; ++i) records.push_back({.topic = "orders", .id = std::to_string(i), .body = "b"});
  send(topic.name, records);
  const auto transport = open_with_doubt(code);
  const auto consumer = transport->consumer({.group = "g", .instance = "one", .topic = "orders"}).value();
  const Time deadline = soon();
  int settled = 0;
  while (settled < kEvents && executor().now() < deadline) {
    const auto batch = consumer->receive(1, deadline);
    ASSERT_TRUE(batch) << batch.error().message;
    for (const auto& delivery : batch->deliveries) {
      const transport::Bury bury{.reason = "failed", .error = {}, .attempts = {}};
      const auto answers = settle_now(*consumer, executor(), {{.token = delivery.token, .outcome = bury}});
      EXPECT_TRUE(answers[0]) << answers[0].error().message;
      ++settled;
    }
  }
  EXPECT_EQ(settled, kEvents);
  std::map<std::string, int> times;
  const auto letters = transport->operations().dead_letters->browse({.group = "g"}, "", 100);
  ASSERT_TRUE(letters) << letters.error().message;
  for (const auto& letter : *letters) ++times[letter.record.id];
  EXPECT_EQ(times.size(), static_cast<std::size_t>(kEvents));
  for (const auto& [id, count] : times) EXPECT_EQ(count, 1) << id;
}

TEST_F(DoubtBrokerTest, WhatWasCommittedIsThereOnceThoughNoAnswerCame) {
  expect_each_once(EIO);
}

// Its client answers nothing but that a commit is under way.
TEST_F(DoubtBrokerTest, WhatMayNotHaveBeenCommittedIsThereOnceToo) {
  expect_each_once(ETIMEDOUT);
}

}  // namespace
}  // namespace tidings::kafka
