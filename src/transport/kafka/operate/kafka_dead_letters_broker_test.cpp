#include <algorithm>
#include <array>
#include <set>

#include "transport/kafka/admin/topic_admin.hpp"
#include "transport/kafka/broker_here.hpp"
#include "transport/kafka/consume/kept_copy.hpp"
#include "transport/kafka/operate/dead_states.hpp"
#include "transport/kafka/operate/kafka_dead_letters.hpp"

namespace tidings::kafka {
namespace {

using transport::DeadLetter;
using transport::Record;

class KafkaDeadLettersBrokerTest : public BrokerHere {
 protected:
  void SetUp() override {
    BrokerHere::SetUp();
    if (IsSkipped()) return;
    registrations_ = make_registrations(shared_cluster(), std::make_shared<ControlLog>(shared_cluster()));
    dead_ = std::make_unique<KafkaDeadLetters>(shared_cluster(), registrations_);
    for (const char* topic : {"orders", "payments"}) {
      const NewTopic letters{.name = cluster().names().dead_letters(topic), .partitions = 2};
      ASSERT_TRUE(create_topics(cluster(), {&letters, 1}));
    }
  }
  // As a consumer of group `g` does.
  void bury(const std::string& topic, const std::string& id, const std::string& reason = "failed") {
    Copy copy{.group = "g", .subscription = topic, .topic = topic, .position = {1, 7}, .reason = reason};
    copy.buried = executor().now();
    copy.attempts = {.failed = 4, .crashes = 1, .last_error = "the bank is closed"};
    copy.host = "h";
    send(cluster().names().dead_letters(topic), {record(topic, id)}, copy);
  }
  static Record record(const std::string& topic, const std::string& id) {
    return {.topic = topic,
            .key = "k" + id,
            .id = id,
            .type = "Numbered",
            .content_type = "application/json",
            .headers = {{"a", std::string{"\0", 1}}, {"b", std::nullopt}},
            .body = std::string{"x\xff\0", 3}};
  }
  // Into the one partition of topic `stock`; their ids, in order.
  std::vector<std::string> bury_many(std::size_t count) {
    const NewTopic letters{.name = cluster().names().dead_letters("stock"), .partitions = 1};
    EXPECT_TRUE(create_topics(cluster(), {&letters, 1}));
    Copy copy{.group = "g", .subscription = "stock", .topic = "stock", .reason = "failed"};
    copy.buried = executor().now();
    std::vector<Record> records;
    for (std::size_t i = 0; i < count; ++i) records.push_back(record("stock", std::to_string(i)));
    send(letters.name, records, copy);
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < count; ++i) {
      ids.push_back(text_of(DeadLetterId{*copy.buried, "stock", 0, static_cast<std::int64_t>(i)}));
    }
    return ids;
  }
  void discard_all(std::span<const std::string> ids) {
    for (const auto& answer : dead_->discard(ids)) EXPECT_TRUE(answer && *answer);
  }
  // What another process has to look at to count them, and how many are open.
  std::pair<std::uint64_t, std::uint64_t> looked_at_for_count() {
    KafkaDeadLetters elsewhere{open(), registrations_};
    const auto counts = elsewhere.count();
    EXPECT_TRUE(counts) << counts.error().message;
    std::uint64_t open = 0;
    for (const auto& [name, count] : counts.value_or(KafkaDeadLetters::Counts{})) open += count;
    return {elsewhere.looked_at(), open};
  }
  std::vector<DeadLetter> browse(const transport::DeadFilter& filter = {}, const std::string& after = "",
                                 std::size_t limit = 100) {
    const auto letters = dead_->browse(filter, after, limit);
    EXPECT_TRUE(letters) << letters.error().message;
    return letters.value_or(std::vector<DeadLetter>{});
  }
  // Keys of the topic of states that are not erased.
  std::vector<std::string> states() {
    std::set<std::string> keys;
    const std::string name = cluster().names().dead_states();
    const auto spans = whole(cluster(), {&name, 1}).value();
    EXPECT_TRUE(read_range(cluster(), spans, [&](const auto& message) {
      const std::string key{static_cast<const char*>(message.key), message.key_len};
      message.payload == nullptr ? void(keys.erase(key)) : void(keys.insert(key));
      return true;
    }));
    return {keys.begin(), keys.end()};
  }
  std::vector<std::pair<Record, Copy>> replays(const std::string& topic) {
    std::vector<std::pair<Record, Copy>> copies;
    const std::string name = cluster().names().retry("g", topic);
    const auto spans = whole(cluster(), {&name, 1}).value();
    EXPECT_TRUE(read_range(cluster(), spans, [&](const auto& message) {
      if (auto copy = read_copy(message, topic)) copies.push_back(*std::move(copy));
      return true;
    }));
    return copies;
  }

  std::shared_ptr<Registrations> registrations_;
  std::unique_ptr<KafkaDeadLetters> dead_;
};

TEST_F(KafkaDeadLettersBrokerTest, ShowsTheRecordUnchangedAndWhyItIsHere) {
  bury("orders", "0");
  const auto letters = browse();
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].record, record("orders", "0"));
  EXPECT_EQ(letters[0].group, "g");
  EXPECT_EQ(letters[0].subscription, "orders");
  EXPECT_EQ(letters[0].error, "the bank is closed");
  EXPECT_EQ(letters[0].attempts, 4);
  EXPECT_EQ(letters[0].position, (transport::Position{1, 7}));
  const auto shown = dead_->show(letters[0].id);
  ASSERT_TRUE(shown) << shown.error().message;
  ASSERT_TRUE(*shown);
  EXPECT_EQ((*shown)->record, letters[0].record);
  EXPECT_FALSE(dead_->show("no such id").value());
  EXPECT_FALSE(dead_->show(letters[0].id + "7").value());
}

TEST_F(KafkaDeadLettersBrokerTest, BrowsesByFilterPageAndAge) {
  for (const char* id : {"0", "1", "2", "3"}) bury("orders", id);
  const Time later = executor().now();
  for (const char* id : {"4", "5"}) bury("payments", id, "undecodable");
  EXPECT_EQ(browse().size(), 6u);
  EXPECT_EQ(browse({.group = "other"}).size(), 0u);
  EXPECT_EQ(browse({.topic = "payments"}).size(), 2u);
  EXPECT_EQ(browse({.reason = "undecodable"}).size(), 2u);
  EXPECT_EQ(browse({.type = "Other"}).size(), 0u);
  EXPECT_EQ(browse({.since = later}).size(), 2u);
  const auto first = browse({.topic = "orders"}, "", 3);
  ASSERT_EQ(first.size(), 3u);
  EXPECT_EQ(first[0].record.id, "0");
  const auto rest = browse({.topic = "orders"}, first[2].id, 3);
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].record.id, "3");
}

TEST_F(KafkaDeadLettersBrokerTest, ReplaysEachOnce) {
  for (const char* id : {"0", "1", "2"}) bury("orders", id);
  std::vector<std::string> ids;
  for (const auto& letter : browse()) ids.push_back(letter.id);
  ids.push_back(ids.front());
  const auto replayed = dead_->replay(ids);
  ASSERT_TRUE(replayed[0]) << replayed[0].error().message;
  EXPECT_TRUE(*replayed[0] && *replayed[1] && *replayed[2]);
  EXPECT_FALSE(*replayed[3]) << "a repetition is harmless";
  EXPECT_FALSE(dead_->replay(ids[1]).value());
  EXPECT_FALSE(dead_->discard(ids[1]).value());
  EXPECT_TRUE(browse().empty());
  const auto copies = replays("orders");
  ASSERT_EQ(copies.size(), 3u);
  EXPECT_EQ(copies[0].second.replays, 1);
  EXPECT_EQ(copies[0].second.attempts, transport::Attempts{});
  EXPECT_EQ(copies[0].first.headers.size(), 2u);
}

TEST_F(KafkaDeadLettersBrokerTest, DiscardsOne) {
  bury("orders", "0");
  const auto letters = browse();
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_TRUE(dead_->discard(letters[0].id).value());
  EXPECT_FALSE(dead_->discard(letters[0].id).value());
  EXPECT_TRUE(browse().empty());
  EXPECT_TRUE(replays("orders").empty());
}

TEST_F(KafkaDeadLettersBrokerTest, TwoOperatorsReplayItOnce) {
  bury("orders", "0");
  const auto id = browse().at(0).id;
  KafkaDeadLetters elsewhere{open(), registrations_};
  std::atomic<int> count{0};
  const auto replay = [&](KafkaDeadLetters& dead) {
    const auto replayed = dead.replay(id);
    EXPECT_TRUE(replayed) << replayed.error().message;
    if (replayed && *replayed) ++count;
  };
  {
    const auto other = executor().spawn("operator", [&] { replay(elsewhere); });
    replay(*dead_);
  }
  EXPECT_EQ(count, 1);
  EXPECT_EQ(replays("orders").size(), 1u);
}

// What is read and kept is what came since the oldest that is open.
TEST_F(KafkaDeadLettersBrokerTest, WhatIsDealtWithTakesNoRoomForEver) {
  const NewTopic letters{.name = cluster().names().dead_letters("stock"), .partitions = 1};
  ASSERT_TRUE(create_topics(cluster(), {&letters, 1}));
  for (const char* id : {"0", "1", "2", "3", "4"}) bury("stock", id);
  std::vector<std::string> ids;
  for (const auto& letter : browse()) ids.push_back(letter.id);
  ASSERT_EQ(ids.size(), 5u);
  EXPECT_TRUE(dead_->discard(ids[3]).value()) << "0 to 2 are open: no floor";
  EXPECT_EQ(states(), (std::vector<std::string>{ids[3]}));
  for (const int i : {0, 1, 2}) EXPECT_TRUE(dead_->discard(ids[static_cast<std::size_t>(i)]).value());
  EXPECT_EQ(states(), (std::vector<std::string>{ids[2], ids[3], "floor/stock/0"})) << "what is below it needs no state";
  KafkaDeadLetters elsewhere{open(), registrations_};
  EXPECT_EQ(elsewhere.count().value().at({"g", "stock"}), 1u);
  ASSERT_EQ(elsewhere.browse({}, "", 10).value().size(), 1u);
  for (const std::string& id : {ids[0], ids[3]}) {
    EXPECT_FALSE(elsewhere.show(id).value()) << id;
    EXPECT_FALSE(elsewhere.replay(id).value()) << id;
  }
  EXPECT_TRUE(elsewhere.replay(ids[4]).value());
  EXPECT_TRUE(elsewhere.count().value().empty());
}

// One that nobody deals with, in front of thousands that are.
TEST_F(KafkaDeadLettersBrokerTest, BehindAnOpenOneNotAllIsReadThatIsDealtWith) {
  const auto ids = bury_many(3'001);
  ASSERT_EQ(looked_at_for_count(), (std::pair<std::uint64_t, std::uint64_t>{3'001, 3'001}));
  const std::span all{ids};
  discard_all(all.subspan(1, 2'900));
  EXPECT_TRUE(dead_->replay(ids[2'901]).value());
  discard_all(all.subspan(2'902));
  const auto [looked_at, open] = looked_at_for_count();
  EXPECT_EQ(open, 1u);
  EXPECT_LE(looked_at, 2u) << "the last one of the range, and the open one";
  EXPECT_LE(states().size(), 600u) << "what a range covers needs no state";
  KafkaDeadLetters elsewhere{this->open(), registrations_};
  EXPECT_EQ(elsewhere.browse({}, "", 10).value().size(), 1u);
  for (const std::string& id : {ids[1], ids[2'901], ids[3'000]}) {
    EXPECT_FALSE(elsewhere.show(id).value()) << id;
    EXPECT_FALSE(elsewhere.replay(id).value()) << id;
  }
  EXPECT_LE(elsewhere.looked_at(), 20u);

  bury("stock", "new");
  ASSERT_EQ(browse().size(), 2u) << "what comes behind a range is found";
  EXPECT_TRUE(elsewhere.discard(browse()[1].id).value());
  EXPECT_LE(looked_at_for_count().first, 2u) << "the range grew";
  EXPECT_TRUE(elsewhere.replay(ids[0]).value());
  EXPECT_TRUE(browse().empty());
  EXPECT_LE(states().size(), 3u) << "the floor, and what it is not above";
  EXPECT_THAT(states(), ::testing::Not(::testing::Contains("range/stock/0")));
}

TEST_F(KafkaDeadLettersBrokerTest, OpenOnesBetweenRangesAreFoundOnceEach) {
  const auto ids = bury_many(3'003);
  std::vector<std::string> closed, open;
  for (std::size_t i = 0; i < ids.size(); ++i)
    (i % 600 == 0 || i == 601 || i > 3'000 ? open : closed).push_back(ids[i]);
  std::sort(open.begin(), open.end());  // as they are listed
  for (const char* id : {"0", "1"}) bury("orders", id);
  discard_all(closed);
  std::vector<std::string> found;
  for (const auto& letter : browse({.topic = "stock"})) found.push_back(letter.id);
  EXPECT_EQ(found, open);
  const auto [looked_at, count] = looked_at_for_count();
  EXPECT_EQ(count, open.size() + 2);
  EXPECT_LE(looked_at, count + 1);
  EXPECT_EQ(browse({.topic = "stock"}, open[2]).size(), open.size() - 3);
  for (const auto& replayed : dead_->replay(open)) EXPECT_TRUE(replayed && *replayed);
  EXPECT_EQ(looked_at_for_count().second, 2u);
  EXPECT_LE(looked_at_for_count().first, 8u);
}

// Of a version that knew no ranges: each has a state.
TEST_F(KafkaDeadLettersBrokerTest, WhatWasDealtWithBeforeThereWereRangesComesIntoThem) {
  const auto ids = bury_many(9'000);
  DeadStates states{shared_cluster()};
  ASSERT_TRUE(states.prepare());
  std::vector<Record> written;
  for (std::size_t i = 1; i < 8'900; ++i) written.push_back(states.closing(ids[i], DeadState::replayed).record);
  send(cluster().names().dead_states(), written);
  EXPECT_EQ(looked_at_for_count(), (std::pair<std::uint64_t, std::uint64_t>{9'000, 101}));
  EXPECT_TRUE(dead_->discard(ids[8'900]).value()) << "1 to 1,999, and 6,900 to 8,900";
  EXPECT_EQ(looked_at_for_count(), (std::pair<std::uint64_t, std::uint64_t>{5'001, 100}));
  for (const std::size_t i : {8'901u, 8'902u, 8'903u}) EXPECT_TRUE(dead_->discard(ids[i]).value());
  EXPECT_EQ(looked_at_for_count(), (std::pair<std::uint64_t, std::uint64_t>{98, 97})) << "one range";
  for (std::size_t i = 8'904; i < 8'910; ++i) EXPECT_TRUE(dead_->discard(ids[i]).value());
  EXPECT_LE(this->states().size(), 10u);
}

// A log may lose its end.
TEST_F(KafkaDeadLettersBrokerTest, ARangeWhoseLastOneIsNotThereTakesNoOtherWithIt) {
  const auto ids = bury_many(1'202);
  const std::span all{ids};
  discard_all(all.subspan(1, 600));
  discard_all(all.subspan(602));
  ASSERT_EQ(looked_at_for_count().second, 2u);
  DeadStates states{shared_cluster()};
  ASSERT_TRUE(states.refresh());
  DeadRanges ranges = states.cover({"stock", 0}).ranges;
  ASSERT_EQ(ranges.size(), 2u);
  ranges.back().buried += std::chrono::microseconds{1};
  send(cluster().names().dead_states(), {{.key = "range/stock/0", .body = text_of(ranges)}});
  const auto open = browse({}, "", 2'000);
  EXPECT_GT(open.size(), 2u) << "what the other one covered needs no state, and has none";
  for (const auto& letter : open) {
    const auto at = static_cast<std::size_t>(std::ranges::find(ids, letter.id) - ids.begin());
    EXPECT_TRUE(at == 0 || at > 600) << at;
  }
}

TEST_F(KafkaDeadLettersBrokerTest, RangesOfATopicThatIsMadeAnewHideNothing) {
  const auto ids = bury_many(602);
  discard_all(std::span{ids}.subspan(1, 600));
  ASSERT_EQ(looked_at_for_count(), (std::pair<std::uint64_t, std::uint64_t>{3, 2}));
  const std::string name = cluster().names().dead_letters("stock");
  ASSERT_TRUE(delete_topics(cluster(), {&name, 1}));
  const auto others = bury_many(602);
  EXPECT_EQ(looked_at_for_count().second, 602u);
  discard_all(std::span{others}.subspan(1));
  EXPECT_EQ(looked_at_for_count(), (std::pair<std::uint64_t, std::uint64_t>{2, 1}));
}

TEST_F(KafkaDeadLettersBrokerTest, ATopicThatIsMadeAnewHidesNothing) {
  const NewTopic letters{.name = cluster().names().dead_letters("stock"), .partitions = 1};
  ASSERT_TRUE(create_topics(cluster(), {&letters, 1}));
  for (const char* id : {"0", "1"}) bury("stock", id);
  for (const auto& letter : browse()) EXPECT_TRUE(dead_->discard(letter.id).value());
  EXPECT_TRUE(browse().empty());
  ASSERT_TRUE(delete_topics(cluster(), {&letters.name, 1}));
  ASSERT_TRUE(create_topics(cluster(), {&letters, 1}));
  for (const char* id : {"2", "3", "4"}) bury("stock", id);
  EXPECT_EQ(browse().size(), 3u);
}

// By whatever state, of which no command of ours sets `edited` yet.
TEST_F(KafkaDeadLettersBrokerTest, AreOpenUntilAnyStateSaysOtherwise) {
  for (const char* id : {"0", "1", "2", "3"}) bury("orders", id);
  DeadStates states{shared_cluster()};
  ASSERT_TRUE(states.prepare());
  const auto letters = browse();
  ASSERT_EQ(letters.size(), 4u);
  const std::array all{DeadState::replayed, DeadState::discarded, DeadState::edited};
  std::set<std::string> written;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Message state = states.closing(letters[i].id, all[i]);
    send(state.topic, {state.record});
    written.insert(state.record.body.value());
  }
  EXPECT_EQ(written, (std::set<std::string>{"replayed", "discarded", "edited"}));
  const auto open = browse();
  ASSERT_EQ(open.size(), 1u);
  EXPECT_EQ(open[0].id, letters[3].id);
}

TEST_F(KafkaDeadLettersBrokerTest, AreGoneWithTheirGroup) {
  const NewTopic orders{.name = cluster().names().on_cluster("orders")};
  ASSERT_TRUE(create_topics(cluster(), {&orders, 1}));
  const transport::SubscriptionSpec spec{.group = "g", .topic = "orders"};
  ASSERT_TRUE(registrations_->join(spec, {.instance = "one", .host = "h", .joined = executor().now()}));
  bury("orders", "0");
  ASSERT_TRUE(registrations_->leave(spec, {.instance = "one", .host = "h"}));
  ASSERT_TRUE(registrations_->remove("g"));
  EXPECT_TRUE(browse().empty());
  bury("orders", "1");
  EXPECT_EQ(browse().size(), 1u);
}

}  // namespace
}  // namespace tidings::kafka
