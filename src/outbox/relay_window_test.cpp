// A36: what the relay sends next, and never out of order within a key.
#include "outbox/relay_window.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tidings::detail {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Time kNow{std::chrono::days{20'000}};
constexpr RelayLimits kLimits{.rows_max = 10, .bytes_max = 1'000, .retry_first = 1s, .retry_max = 4s};

RelayRow row(std::int64_t sequence, std::optional<std::string> key, std::string body = {}) {
  return {sequence,
          {.topic = "orders", .key = std::move(key), .id = std::to_string(sequence), .body = std::move(body)}};
}

class RelayWindowTest : public ::testing::Test {
 protected:
  std::vector<std::int64_t> take() {
    std::vector<std::int64_t> taken;
    for (const RelayRow& each : window_.take_ready()) taken.push_back(each.sequence);
    return taken;
  }
  void confirm(std::int64_t sequence) {
    window_.confirm(sequence);
    window_.deleted(sequence);
  }

  RelayWindow window_{kLimits};
};

TEST_F(RelayWindowTest, SendsDifferentKeysAtOnceInTheirOrder) {
  window_.add(row(1, "a"));
  window_.add(row(2, "b"));
  window_.add(row(3, std::nullopt));
  window_.add(row(4, std::nullopt));
  EXPECT_THAT(take(), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(take(), IsEmpty());
  EXPECT_EQ(window_.cursor(), 4);
}

TEST_F(RelayWindowTest, SendsTheNextOfAKeyWhenTheOneBeforeIsConfirmed) {
  for (int i = 1; i <= 3; ++i) window_.add(row(i, "a"));
  EXPECT_THAT(take(), ElementsAre(1));
  confirm(1);
  EXPECT_THAT(take(), ElementsAre(2));
  confirm(2);
  window_.add(row(4, "a"));
  EXPECT_THAT(take(), ElementsAre(3));
}

TEST_F(RelayWindowTest, KeysOfDifferentTopicsAreDifferent) {
  window_.add(row(1, "a"));
  RelayRow other = row(2, "a");
  other.record.topic = "payments";
  window_.add(other);
  EXPECT_THAT(take(), ElementsAre(1, 2));
}

TEST_F(RelayWindowTest, ARefusedOneHoldsBackItsKeyAndNoOther) {
  for (int i = 1; i <= 3; ++i) window_.add(row(i, "a"));
  window_.add(row(4, "b"));
  take();
  EXPECT_EQ(window_.refuse(1, kNow), 1);
  window_.add(row(5, "a"));
  window_.add(row(6, "b"));
  confirm(4);
  EXPECT_THAT(take(), ElementsAre(6));
  EXPECT_EQ(window_.refused(), 1u);
}

TEST_F(RelayWindowTest, ARefusedOneIsReadAgainWhenItIsDueAndWaitsLongerEachTime) {
  window_.add(row(1, "a"));
  for (const auto delay : {1s, 2s, 4s, 4s}) {
    ASSERT_THAT(take(), ElementsAre(1));
    window_.refuse(1, kNow);
    EXPECT_EQ(window_.next_due(), kNow + delay);
    EXPECT_THAT(window_.take_due(kNow + delay - 1us), IsEmpty());
    EXPECT_THAT(window_.take_due(kNow + delay), ElementsAre(1));
    window_.add_again(row(1, "a"));
  }
}

TEST_F(RelayWindowTest, WhatWaitedBehindARefusedOneIsReadAgainInOrder) {
  for (int i = 1; i <= 3; ++i) window_.add(row(i, "a"));
  window_.add(row(4, "b"));
  take();
  window_.refuse(1, kNow);
  window_.add(row(5, "a"));
  ASSERT_THAT(window_.take_due(kNow + 1s), ElementsAre(1));
  window_.add_again(row(1, "a"));
  ASSERT_THAT(take(), ElementsAre(1));
  confirm(1);
  EXPECT_EQ(window_.cursor(), 1);
  for (int i = 2; i <= 3; ++i) window_.add(row(i, "a"));
  window_.add(row(4, "b"));  // in flight: not again
  window_.add(row(5, "a"));
  EXPECT_THAT(take(), ElementsAre(2));
  confirm(2);
  EXPECT_THAT(take(), ElementsAre(3));
}

TEST_F(RelayWindowTest, DoesNotTakeAConfirmedRowAgainBeforeItIsDeleted) {
  window_.add(row(1, "a"));
  window_.add(row(2, "b"));
  window_.add(row(3, "a"));
  take();
  window_.refuse(1, kNow);
  window_.confirm(2);
  window_.take_due(kNow + 1s);
  window_.add_again(row(1, "a"));
  take();
  window_.confirm(1);
  EXPECT_EQ(window_.cursor(), 2);
  window_.add(row(2, "b"));
  window_.add(row(3, "a"));
  EXPECT_THAT(take(), ElementsAre(3));
}

TEST_F(RelayWindowTest, HasRoomForSoManyRowsAndBytes) {
  for (int i = 1; i <= 9; ++i) window_.add(row(i, std::nullopt));
  EXPECT_TRUE(window_.has_room());
  window_.add(row(10, std::nullopt));
  EXPECT_FALSE(window_.has_room());
  take();
  window_.confirm(1);
  EXPECT_FALSE(window_.has_room());  // until it is deleted
  window_.deleted(1);
  EXPECT_TRUE(window_.has_room());
  window_.add(row(11, std::nullopt, std::string(1'000, 'x')));
  confirm(2);
  EXPECT_FALSE(window_.has_room());
  take();
  confirm(11);
  EXPECT_TRUE(window_.has_room());
}

TEST_F(RelayWindowTest, AStuckKeyTakesOnePlaceOnly) {
  for (int i = 1; i <= 8; ++i) window_.add(row(i, "a", std::string(100, 'x')));
  take();
  window_.refuse(1, kNow);
  for (int i = 9; i <= 100; ++i) window_.add(row(i, "a", std::string(100, 'x')));
  for (int i = 101; i <= 109; ++i) {
    ASSERT_TRUE(window_.has_room());
    window_.add(row(i, std::nullopt));
  }
  EXPECT_FALSE(window_.has_room());
}

}  // namespace
}  // namespace tidings::detail
