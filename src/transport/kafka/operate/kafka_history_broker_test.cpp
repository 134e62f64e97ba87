#include "transport/kafka/broker_here.hpp"
#include "transport/kafka/consume/kept_copy.hpp"
#include "transport/kafka/operate/kafka_history.hpp"

namespace tidings::kafka {
namespace {

using transport::HistoryEntry;
using transport::HistoryRange;

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

class KafkaHistoryBrokerTest : public BrokerHere {
 protected:
  void SetUp() override {
    BrokerHere::SetUp();
    if (IsSkipped()) return;
    const auto log = std::make_shared<ControlLog>(shared_cluster());
    registrations_ = make_registrations(shared_cluster(), log);
    history_ = std::make_unique<KafkaHistory>(shared_cluster(), registrations_);
    ASSERT_TRUE((Catalog{shared_cluster(), log}.declare({.topics = {{.name = "orders"}}, .published = {}})));
  }
  void publish(int first, int count, int keys) {
    std::vector<transport::Record> records;
    for (int i = first; i < first + count; ++i) {
      records.push_back({.topic = "orders",
                         .key = "key-" + std::to_string(i % keys),
                         .id = std::to_string(i),
                         .type = "Numbered",
                         .body = "b"});
    }
    send(cluster().names().on_cluster("orders"), records);
  }
  std::vector<std::string> ids(const HistoryRange& range, const transport::Cursor& after = {},
                               std::size_t limit = 1'000) {
    std::vector<std::string> ids;
    const auto read = history_->read(range, after, limit, [&](const HistoryEntry& entry) {
      ids.emplace_back(entry.record.id);
      return true;
    });
    EXPECT_TRUE(read) << read.error().message;
    next_ = read.value_or("");
    return ids;
  }

  std::shared_ptr<Registrations> registrations_;
  std::unique_ptr<KafkaHistory> history_;
  transport::Cursor next_;
};

TEST_F(KafkaHistoryBrokerTest, ReadsEachKeyInOrder) {
  publish(0, 10, 2);
  EXPECT_EQ(ids({.topic = "orders"}).size(), 10u);
  EXPECT_THAT(ids({.topic = "orders", .key = "key-0"}), ElementsAre("0", "2", "4", "6", "8"));
}

TEST_F(KafkaHistoryBrokerTest, GoesOnWhereItStopped) {
  publish(0, 5, 1);
  EXPECT_THAT(ids({.topic = "orders"}, {}, 2), ElementsAre("0", "1"));
  EXPECT_THAT(ids({.topic = "orders"}, next_, 2), ElementsAre("2", "3"));
  EXPECT_THAT(ids({.topic = "orders"}, next_), ElementsAre("4"));
  EXPECT_TRUE(ids({.topic = "orders"}, next_).empty());
  publish(5, 1, 1);
  EXPECT_THAT(ids({.topic = "orders"}, next_), ElementsAre("5"));
}

TEST_F(KafkaHistoryBrokerTest, ReadsATimeRange) {
  const auto pause = [this] { executor().sleep_until(executor().now() + std::chrono::milliseconds{20}); };
  publish(0, 3, 3);
  pause();
  const Time from = executor().now();
  publish(3, 3, 3);
  pause();
  const Time to = executor().now();
  publish(6, 3, 3);
  EXPECT_THAT(ids({.topic = "orders", .from = from, .to = to}), UnorderedElementsAre("3", "4", "5"));
  pause();
  const Time late = executor().now();
  EXPECT_TRUE(ids({.topic = "orders", .from = late}).empty());
  publish(9, 1, 3);
  EXPECT_THAT(ids({.topic = "orders", .from = late}, next_), ElementsAre("9"));
}

TEST_F(KafkaHistoryBrokerTest, WaitsForMore) {
  publish(0, 1, 1);
  ids({.topic = "orders"});
  const Time start = executor().now();
  ASSERT_TRUE(history_->wait("orders", next_, start + std::chrono::milliseconds{100}));
  EXPECT_GE(executor().now(), start + std::chrono::milliseconds{100});
  const auto later = executor().spawn("later", [this] { publish(1, 1, 1); });
  ASSERT_TRUE(history_->wait("orders", next_, soon()));
  EXPECT_THAT(ids({.topic = "orders"}, next_), ElementsAre("1"));
}

TEST_F(KafkaHistoryBrokerTest, RefusesWhatIsNotThere) {
  EXPECT_EQ(history_->wait("nowhere", "", soon()).error().kind, ErrorKind::invalid);
  EXPECT_EQ(history_->wait("orders", "no cursor", soon()).error().kind, ErrorKind::invalid);
  EXPECT_EQ(history_->replay({.topic = "orders"}, "nobody", "").error().kind, ErrorKind::invalid);
}

TEST_F(KafkaHistoryBrokerTest, ReplaysARangeToTheSubscriptionThatReadsIt) {
  publish(0, 6, 3);
  const transport::SubscriptionSpec spec{.group = "g", .topic = "orders"};
  ASSERT_TRUE(registrations_->join(spec, {.instance = "one", .host = "h", .joined = executor().now()}));
  const auto replayed = history_->replay({.topic = "orders", .key = "key-1"}, "g", "replay-7");
  ASSERT_TRUE(replayed) << replayed.error().message;
  EXPECT_EQ(*replayed, 2u);
  const std::string name = cluster().names().retry("g", "orders");
  std::vector<std::string> found;
  EXPECT_TRUE(read_range(cluster(), whole(cluster(), {&name, 1}).value(), [&](const auto& message) {
    const auto copy = read_copy(message, "").value();
    found.push_back(copy.first.id);
    EXPECT_EQ(copy.first.topic, "orders");
    EXPECT_EQ(copy.second.replay_id, "replay-7");
    EXPECT_EQ(copy.second.replays, 1);
    return true;
  }));
  EXPECT_THAT(found, ElementsAre("1", "4"));
}

}  // namespace
}  // namespace tidings::kafka
