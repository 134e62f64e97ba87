// P9: each limit of a store, reached. docs/limits.md has the list.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>

#include "transport/driver/running_board.hpp"
#include "transport/local/storage/limits.hpp"
#include "transport/local/store_lab.hpp"
#include "transport/local/tables/control_table.hpp"
#include "transport/local/tables/member_table.hpp"
#include "transport/local/tables/subscriptions.hpp"

namespace tidings::local {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class StoreLimitsTest : public StoreLab {
 protected:
  explicit StoreLimitsTest(std::map<std::string, std::string, std::less<>> options = {{"sync", "none"}})
      : StoreLab{std::move(options)} {}

  Result<void> change(std::function<Result<void>(WriteTransaction&)> change) {
    return store().committer().perform([&](Commit& commit) { return change(commit.transaction()); });
  }
  // What came of each record, in order.
  std::vector<Result<void>> send(std::vector<transport::Record> records, const transport::PublisherOptions& options) {
    std::vector<Result<void>> outcomes(records.size(), unavailable("no answer"));
    const auto publisher = transport_->publisher(options).value();
    publisher->send(std::move(records),
                    [&](std::size_t index, Result<void> outcome) { outcomes[index] = std::move(outcome); });
    EXPECT_TRUE(publisher->flush(late()));
    return outcomes;
  }
};

TEST_F(StoreLimitsTest, HasSoManyTopicsAndNoMore) {
  const auto filled = change([](WriteTransaction& transaction) -> Result<void> {
    for (std::size_t i = 0; i < kTopicsMax; ++i) {
      if (auto made = declare_topic(transaction, {.name = std::to_string(i)}, 1); !made) return made.error();
    }
    return {};
  });
  ASSERT_TRUE(filled) << filled.error().message;
  const auto more = transport_->declare({.topics = {{.name = "orders"}}});
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().kind, ErrorKind::overloaded);
  EXPECT_THAT(more.error().message, AllOf(HasSubstr("'orders'"), HasSubstr("10000"), HasSubstr("use fewer topics")));
  EXPECT_TRUE(transport_->declare({.topics = {{.name = "0"}}})) << "one that is there";
}

TEST_F(StoreLimitsTest, HasSoManyControlRecordsAndNoMore) {
  ASSERT_TRUE(change([](WriteTransaction& transaction) -> Result<void> {
    for (std::size_t i = 0; i < kControlRecordsMax - 1; ++i)
      transaction.put(Tree::control, fmt::format("{:08}", i), Bytes{"\0\0\0\0\0\0\0\0\0", 9});
    return {};
  }));
  auto& control = transport_->control();
  ASSERT_TRUE(control.put("last", "", {}));
  const auto more = control.put("one more", "", {});
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().kind, ErrorKind::overloaded);
  EXPECT_THAT(more.error().message, AllOf(HasSubstr("'one more'"), HasSubstr("100000"), HasSubstr("erase")));
  EXPECT_TRUE(control.put("last", "changed", {}));
  ASSERT_TRUE(control.put("last", std::nullopt, {}));
  EXPECT_TRUE(control.put("one more", "", {}));
}

TEST_F(StoreLimitsTest, ASubscriptionHasSoManyMembersAndNoMore) {
  declare({.name = "orders"});
  const auto first = join({.group = "g", .topic = "orders"});
  const ProcessName process = store().process();
  ASSERT_TRUE(change([&](WriteTransaction& transaction) -> Result<void> {
    const auto subscription = all_subscriptions(transaction).at(0).id;
    for (MemberId i = 0; i + 1 < kMembersMax; ++i)
      put_member(transaction, {.id = 1'000 + i, .subscription = subscription, .process = process});
    return {};
  }));
  const auto more = transport_->consumer({.group = "g", .topic = "orders"});
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().kind, ErrorKind::overloaded);
  EXPECT_THAT(more.error().message, AllOf(HasSubstr("'g'"), HasSubstr("1000 members")));
  EXPECT_TRUE(transport_->consumer({.group = "another", .topic = "orders"}));
}

TEST_F(StoreLimitsTest, RefusesNamesThatAreTooLong) {
  const std::string longest(kNameMax, 'n');
  declare({.name = longest});
  EXPECT_TRUE(transport_->consumer({.group = longest, .topic = longest}));
  const auto topic = transport_->declare({.topics = {{.name = longest + "n"}}});
  EXPECT_EQ(topic.error().kind, ErrorKind::invalid);
  EXPECT_THAT(topic.error().message, HasSubstr("1 to 200 bytes"));
  EXPECT_EQ(transport_->consumer({.group = longest + "n", .topic = longest}).error().kind, ErrorKind::invalid);
  EXPECT_EQ(transport_->consumer({.group = "g", .pattern = longest + "n"}).error().kind, ErrorKind::invalid);
}

TEST_F(StoreLimitsTest, AConsumerRunsSoManyAndNoMore) {
  declare({.name = "orders"});
  constexpr std::size_t kLargestBatch = 10'000;  // of handlers: BatchLimits::size
  EXPECT_TRUE(transport_->consumer({.group = "g", .topic = "orders", .running_max = kLargestBatch + 1}));
  EXPECT_EQ(join({.group = "g", .topic = "orders", .running_max = transport::kBoardSlotsMax})->running().size(),
            transport::kBoardSlotsMax);
  const auto more =
      transport_->consumer({.group = "g", .topic = "orders", .running_max = transport::kBoardSlotsMax + 1});
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().kind, ErrorKind::invalid);
  EXPECT_THAT(more.error().message, HasSubstr("running_max"));
}

TEST_F(StoreLimitsTest, BuffersSoManyBytesAndNoMore) {
  declare({.name = "orders"});
  const std::size_t bytes = size_of(numbered(1, 1'000));
  std::vector<transport::Record> records(5, numbered(1, 1'000));
  const auto outcomes = send(records, {.buffer_bytes_max = 3 * bytes});
  for (const std::size_t index : {0u, 1u, 2u}) EXPECT_TRUE(outcomes[index]) << index;
  for (const std::size_t index : {3u, 4u}) {
    EXPECT_EQ(outcomes[index].error().kind, ErrorKind::overloaded);
    EXPECT_THAT(outcomes[index].error().message, HasSubstr("buffer_bytes_max"));
  }
}

TEST_F(StoreLimitsTest, RefusesWhatCouldNotBeWrittenInTime) {
  declare({.name = "orders"});
  ASSERT_TRUE(store().wake().enter_gate(10s));
  const auto outcomes = send({numbered(1)}, {.deliver_within = 20ms});
  store().wake().leave_gate();
  EXPECT_EQ(outcomes[0].error().kind, ErrorKind::unavailable);
  EXPECT_EQ(kept(), 0u);
  EXPECT_EQ(publish(2, 1), 1);
}

TEST_F(StoreLimitsTest, ReadsByThatManyAtOnceAndNoMore) {
  Environment& environment = store().environment();
  std::vector<std::unique_ptr<ReadTransaction>> readers;
  Result<void> status;
  while (status && readers.size() <= kReadersMax) {
    readers.push_back(std::make_unique<ReadTransaction>(environment));
    status = readers.back()->status();
  }
  ASSERT_FALSE(status);
  EXPECT_GT(readers.size(), kReadersMax - 20) << "the store reads, too";
  const auto refused = transport_->control().get("key");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::overloaded);
  EXPECT_THAT(refused.error().message, HasSubstr("too many readers"));
  readers.clear();
  EXPECT_TRUE(transport_->control().get("key"));
}

class SmallRoomTest : public StoreLimitsTest {
 protected:
  SmallRoomTest() : StoreLimitsTest{{{"size_max", "8M"}, {"sync", "none"}}} {}

  // Until nothing of that size goes in.
  Error fill(std::size_t bytes) {
    const std::string value(bytes, 'v');
    for (;;) {
      const auto put = transport_->control().put(fmt::format("{:08}", filled_), value, {});
      if (!put) return put.error();
      ++filled_;
    }
  }
  std::uintmax_t file_bytes() const { return std::filesystem::file_size(directory_ + "/data.mdb"); }

  int filled_ = 0;
};

// Of a record of a little more than half a page, the rest of the page is lost: what counts is what the file holds.
TEST_F(SmallRoomTest, CountsWhatRecordsTakeOnTheDisk) {
  declare({.name = "orders"});
  int published = 0;
  for (int more = 100; more == 100; published += more) more = publish(published, 100, 2'100);
  EXPECT_GT(file_bytes(), 7u << 20);
  EXPECT_LT(file_bytes(), 12u << 20);
}

// One call of Publisher::send may carry more than there is room for.
TEST_F(SmallRoomTest, TakesOfABatchWhatFitsAndNothingBehindIt) {
  declare({.name = "orders"});
  std::vector<transport::Record> records;
  for (int i = 0; i < 20'000; ++i) records.push_back(numbered(i, 1'000));
  records[15'000].body = "small";
  const auto outcomes = send(std::move(records), {});
  const auto refused = std::find_if(outcomes.begin(), outcomes.end(), [](const auto& outcome) { return !outcome; });
  const auto taken = refused - outcomes.begin();
  EXPECT_GT(taken, 6'000) << "of some 1,050 bytes, in 8 MiB";
  EXPECT_LT(taken, 8'000);
  EXPECT_EQ(kept(), static_cast<std::uint64_t>(taken));
  for (auto each = refused; each != outcomes.end(); ++each) {
    ASSERT_FALSE(*each) << "a later one of its key would be before it";
    ASSERT_EQ(each->error().kind, ErrorKind::overloaded);
  }
  EXPECT_THAT(refused->error().message, AllOf(HasSubstr("no room for"), HasSubstr("size_max of 8388608 bytes")));
}

// Nothing of a transaction is seen in the store before its end.
TEST_F(SmallRoomTest, GivesNoRoomTwiceInOneTransaction) {
  std::size_t given = 0;
  const auto taken = store().committer().perform([&](Commit& commit) -> Result<void> {
    while (given < 16u << 20 && commit.room_for(Room::publish, 100'000)) given += 100'000;
    return {};
  });
  ASSERT_TRUE(taken);
  EXPECT_GT(given, 7u << 20);
  EXPECT_LT(given, 8u << 20);
}

// The contract of Consumer::settle: the order of what one call publishes survives a refusal.
TEST_F(SmallRoomTest, LetsNothingSmallOvertakeAnOutputThatHasNoRoom) {
  declare({.name = "orders"});
  const auto consumer = join({.group = "g", .topic = "orders"});
  ASSERT_EQ(publish(1, 3), 3);
  const auto deliveries = receive(*consumer, 3);
  for (int i = 0; i < 700; ++i) ASSERT_TRUE(transport_->control().put(std::to_string(i), std::string(64'000, 'v'), {}));
  std::vector<transport::Settlement> settlements;
  for (const auto& delivery : deliveries) settlements.push_back({.token = delivery.token});
  settlements[0].publishes.assign(3, numbered(10, 900'000));  // more than the room that is given at once
  settlements[2].publishes = {numbered(11, 1)};
  const auto outcomes = settle_now(*consumer, *executor_, std::move(settlements));
  ASSERT_FALSE(outcomes[0]);
  EXPECT_EQ(outcomes[0].error().kind, ErrorKind::overloaded);
  EXPECT_TRUE(outcomes[1]) << "it publishes nothing";
  EXPECT_FALSE(outcomes[2]);
}

// Dead letters, and other processes, fill the store too.
TEST_F(SmallRoomTest, RefusesPublishesWhenOthersHaveTakenTheRoom) {
  declare({.name = "orders"});
  ASSERT_EQ(publish(1, 1), 1);
  for (int i = 0; i < 130; ++i) ASSERT_TRUE(transport_->control().put(std::to_string(i), std::string(64'000, 'v'), {}));
  int published = 0;
  while (published < 700 && publish(published, 10, 10'000) == 10) published += 10;
  EXPECT_LT(published, 300) << "3 MB";
}

// Its reserve is for settlements, dead letters and operators. When that is full, too, room can be made still.
TEST_F(SmallRoomTest, SaysSoWhenItIsFullToItsReserveAndRecovers) {
  declare({.name = "orders"});
  const auto consumer = join({.group = "g", .topic = "orders"});
  ASSERT_EQ(publish(1, 3), 3);
  const auto deliveries = receive(*consumer, 3);
  const transport::Bury bury{.reason = "failed"};
  ASSERT_TRUE(settle(*consumer, {deliveries[0]}, bury)[0]);
  for (const std::size_t bytes : {64'000u, 4'000u, 1u}) {
    const Error full = fill(bytes);
    EXPECT_EQ(full.kind, ErrorKind::overloaded);
    EXPECT_THAT(full.message, AllOf(HasSubstr("full to its reserve"), HasSubstr("size_max")));
  }
  EXPECT_GT(file_bytes(), 64u << 20);
  EXPECT_EQ(publish(9, 1'000, 10'000), 0);
  auto& dead_letters = *transport_->operations().dead_letters;
  const std::string id = dead_letters.browse({}, "", 1).value().at(0).id;
  // A page that is freed can be used when those who read before are done.
  EXPECT_TRUE(eventually([&] { return bool{dead_letters.discard(id)}; }));
  for (int i = 0; i < 10; ++i)
    EXPECT_TRUE(eventually([&] { return bool{transport_->control().put(fmt::format("{:08}", i), std::nullopt, {})}; }));
  EXPECT_TRUE(settle(*consumer, {deliveries[1]})[0]);
  EXPECT_TRUE(settle(*consumer, {deliveries[2]}, bury)[0]);
}

}  // namespace
}  // namespace tidings::local
