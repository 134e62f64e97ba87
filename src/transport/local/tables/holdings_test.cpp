// What a member hands out, once and in order, whatever happens to its partitions.
#include "transport/local/tables/holdings.hpp"

#include <gtest/gtest.h>

namespace tidings::local {
namespace {

constexpr std::uint32_t kTopic = 1;

class HoldingsTest : public ::testing::Test {
 protected:
  HoldingsTest() { holdings_.add_topic(kTopic); }

  void assign(std::uint32_t partition, const StoredProgress& progress, std::uint64_t epoch = 1) {
    holdings_.assign(partition, epoch, {&progress, 1});
  }

  // Scans the events 1 to `last`, all of the partition, and returns which were taken.
  std::vector<Sequence> scan(std::uint16_t partition, Sequence last, std::optional<std::uint32_t> key = std::nullopt) {
    std::vector<Sequence> taken;
    for (Sequence sequence = std::max<Sequence>(holdings_.scan_from(), 1); sequence <= last; ++sequence) {
      if (const auto token = holdings_.take({.topic = kTopic, .partition = partition}, sequence, key)) {
        taken.push_back(sequence);
        tokens_[sequence] = *token;
      }
      holdings_.pass(sequence + 1);
    }
    return taken;
  }

  void settle(Sequence sequence) {
    holdings_.settle(tokens_[sequence]);
    holdings_.forget(tokens_[sequence]);
  }

  StoredProgress stored(std::uint32_t partition) const {
    std::string bytes;
    holdings_.encode({.partition = partition, .topic = kTopic}, bytes);
    return decode_progress(bytes);
  }

  Holdings holdings_{4};
  std::map<Sequence, Token> tokens_;
};

using Sequences = std::vector<Sequence>;

TEST_F(HoldingsTest, HandsOutWhatIsUnsettledOfWhatItOwns) {
  assign(0, {.settled_to = 4, .pending = {2}});
  EXPECT_EQ(scan(0, 6), (Sequences{2, 5, 6}));
  EXPECT_EQ(scan(1, 6), Sequences{});
}

// It was given back while its topic was paused, and the scan went over it meanwhile.
TEST_F(HoldingsTest, HandsOutWhatWasGivenBackBeforeWhatIsBehindIt) {
  assign(0, {});
  scan(0, 3);
  holdings_.pause(0, kTopic);
  holdings_.give_back(tokens_[2]);
  holdings_.give_back(tokens_[3]);
  EXPECT_EQ(scan(0, 5), Sequences{});
  holdings_.resume(0, kTopic);
  EXPECT_EQ(scan(0, 5), (Sequences{2, 3, 4, 5}));
}

TEST_F(HoldingsTest, NothingPassesOneOfItsKeyThatWasGivenBack) {
  assign(0, {});
  scan(0, 3, 7);
  holdings_.give_back(tokens_[2]);
  EXPECT_EQ(scan(0, 5, 7), Sequences{}) << "3 is in flight: 2 comes after it, 4 and 5 after 2";
  EXPECT_EQ(scan(0, 6, 8), Sequences{6});
  settle(3);
  EXPECT_EQ(scan(0, 5, 7), (Sequences{2, 4, 5}));
  EXPECT_FALSE(holdings_.has_returned());
}

TEST_F(HoldingsTest, HandsOutNothingTwice) {
  assign(0, {});
  EXPECT_EQ(scan(0, 3), (Sequences{1, 2, 3}));
  holdings_.pass(1);
  EXPECT_EQ(scan(0, 3), Sequences{});
  settle(2);
  holdings_.pass(1);
  EXPECT_EQ(scan(0, 3), Sequences{});
}

TEST_F(HoldingsTest, StoresWhatIsSettledAroundWhatIsNot) {
  assign(0, {});
  scan(0, 5);
  settle(2);
  settle(4);
  EXPECT_EQ(stored(0), (StoredProgress{.settled_to = 4, .pending = {1, 3}}));
  settle(1);
  settle(3);
  EXPECT_EQ(stored(0), (StoredProgress{.settled_to = 4}));
}

TEST_F(HoldingsTest, TakesBackASettlementThatWasNotStored) {
  assign(0, {});
  scan(0, 3);
  holdings_.settle(tokens_[2]);
  holdings_.settle(tokens_[3]);
  holdings_.unsettle(tokens_[2]);
  holdings_.unsettle(tokens_[3]);
  for (const Sequence sequence : {1, 2, 3}) EXPECT_FALSE(stored(0).settled(sequence)) << sequence;
  EXPECT_EQ(holdings_.in_flight(), 3u);
}

TEST_F(HoldingsTest, HandsOutAgainWhatWasGivenBack) {
  assign(0, {});
  scan(0, 3);
  holdings_.give_back(tokens_[2]);
  EXPECT_EQ(scan(0, 3), Sequences{2});
  EXPECT_FALSE(holdings_.has_returned());
}

TEST_F(HoldingsTest, KeepsTheOrderOfAKeyWhenOneIsGivenBack) {
  assign(0, {});
  scan(0, 3, 77);
  holdings_.give_back(tokens_[2]);
  EXPECT_EQ(scan(0, 3, 77), Sequences{}) << "3 is in flight";
  holdings_.give_back(tokens_[3]);
  EXPECT_EQ(scan(0, 3, 77), (Sequences{2, 3}));
}

TEST_F(HoldingsTest, ForgetsALostPartition) {
  assign(0, {});
  scan(0, 3);
  EXPECT_EQ(holdings_.drop(0), 3u);
  EXPECT_EQ(holdings_.find(tokens_[1]), nullptr);
  EXPECT_EQ(scan(0, 6), Sequences{});
}

TEST_F(HoldingsTest, NamesAnEventAnewWithEachOwnership) {
  assign(0, {});
  scan(0, 1);
  const Token before = tokens_[1];
  holdings_.drop(0);
  assign(0, {}, 2);
  scan(0, 1);
  EXPECT_NE(tokens_[1], before);
  EXPECT_EQ(number_of(tokens_[1]), number_of(before));
  EXPECT_EQ(holdings_.find(before), nullptr);
}

TEST_F(HoldingsTest, PassesOverAPausedTopicAndComesBack) {
  assign(0, {});
  assign(1, {});
  scan(0, 2);
  holdings_.pause(0, kTopic);
  EXPECT_EQ(scan(0, 5), Sequences{});
  EXPECT_EQ(stored(0).settled_to, 0u);
  holdings_.resume(0, kTopic);
  EXPECT_EQ(scan(0, 5), (Sequences{3, 4, 5}));
}

TEST_F(HoldingsTest, HandsOutNothingOfARevokedPartition) {
  assign(0, {});
  scan(0, 2);
  holdings_.revoke(0);
  EXPECT_EQ(scan(0, 4), Sequences{});
  holdings_.resume(0, kTopic);
  EXPECT_EQ(scan(0, 4), Sequences{});
}

TEST_F(HoldingsTest, CountsWhatItPassedAsSettledWhenRaised) {
  assign(0, {});
  assign(1, {});
  scan(0, 3);
  settle(1);
  holdings_.pass(100);
  holdings_.raise_all();
  EXPECT_EQ(stored(0), (StoredProgress{.settled_to = 99, .pending = {2, 3}}));
  EXPECT_EQ(stored(1), (StoredProgress{.settled_to = 99}));
}

TEST_F(HoldingsTest, RaisesAPausedPartitionOnlyToItsPause) {
  assign(0, {});
  scan(0, 3);
  for (const Sequence sequence : {1, 2, 3}) settle(sequence);
  holdings_.pause(0, kTopic);
  holdings_.pass(100);
  holdings_.raise_all();
  EXPECT_EQ(stored(0).settled_to, 3u);
}

TEST_F(HoldingsTest, GoesBackForAPartitionThatCameLater) {
  assign(0, {});
  scan(0, 9);
  assign(1, {.settled_to = 4});
  EXPECT_EQ(holdings_.scan_from(), 5u);
  EXPECT_EQ(scan(1, 9), (Sequences{5, 6, 7, 8, 9}));
}

TEST_F(HoldingsTest, ReadsANewTopicFromItsOwnPlace) {
  assign(0, {});
  scan(0, 9);
  EXPECT_TRUE(holdings_.add_topic(2));
  EXPECT_FALSE(holdings_.add_topic(2));
  holdings_.assign_topic(0, 2, {.settled_to = 2});
  EXPECT_EQ(holdings_.scan_from(), 3u);
  EXPECT_TRUE(holdings_.take({.topic = 2, .partition = 0}, 3, std::nullopt));
  EXPECT_FALSE(holdings_.take({.topic = kTopic, .partition = 0}, 4, std::nullopt)) << "it has that one";
}

TEST_F(HoldingsTest, HasAParkedOneInFlightOnce) {
  assign(0, {});
  const auto token = holdings_.take_parked({.group = 1, .partition = 0, .id = 9}, kTopic);
  ASSERT_TRUE(token);
  EXPECT_TRUE(is_parked(*token));
  EXPECT_FALSE(holdings_.take_parked({.group = 1, .partition = 0, .id = 9}, kTopic));
  holdings_.forget(*token);
  EXPECT_TRUE(holdings_.take_parked({.group = 1, .partition = 0, .id = 9}, kTopic));
}

TEST_F(HoldingsTest, FiltersByPartitionAndTopic) {
  assign(2, {});
  const auto filter = holdings_.filter();
  EXPECT_TRUE(filter->passes({.topic = kTopic, .partition = 2}));
  EXPECT_FALSE(filter->passes({.topic = kTopic, .partition = 1}));
  EXPECT_FALSE(filter->passes({.topic = 5, .partition = 2}));
  EXPECT_EQ(holdings_.filter(), filter);
  assign(1, {});
  EXPECT_NE(holdings_.filter(), filter) << "a scan notices that it is of before";
}

}  // namespace
}  // namespace tidings::local
