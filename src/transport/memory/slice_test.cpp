// A subscription's progress in one partition (P2, P4, P5), as tables of what comes out next.
#include "transport/memory/slice.hpp"

#include <gtest/gtest.h>

namespace tidings::memory {
namespace {

using namespace std::chrono_literals;
using transport::Retry;
using transport::RetryOrder;

constexpr Time kNow = Time{1h};

class SliceTest : public ::testing::Test {
 protected:
  // A record at the next offset; the clock goes on by a second.
  void publish(std::string key) {
    const std::int64_t offset = static_cast<std::int64_t>(log_.records().size()) + 1;
    log_.append(std::make_shared<const KeptRecord>(transport::Record{.topic = "orders", .key = std::move(key)},
                                                   transport::Position{0, offset}, kNow + offset * 1s));
  }
  std::optional<EntryId> take(Time now = kNow) { return slice_.take(log_, now); }
  static Retry retry_at(Time due, RetryOrder order) { return {.order = order, .attempts = {.failed = 1, .due = due}}; }

  TopicLog log_{{.name = "orders"}, 1};
  Slice slice_{0, {}};
};

TEST_F(SliceTest, HandsOutInOrder) {
  for (const char* key : {"a", "b", "a"}) publish(key);
  for (std::int64_t offset = 1; offset <= 3; ++offset) EXPECT_EQ(take(), EntryId{offset});
  EXPECT_EQ(take(), std::nullopt);
  EXPECT_EQ(slice_.in_flight(), 3u);
}

TEST_F(SliceTest, BeginsAtItsStartLine) {
  for (int i = 0; i < 3; ++i) publish("a");
  slice_ = Slice{0, {.offset = 2}};
  EXPECT_EQ(take(), EntryId{2});
  slice_ = Slice{0, {.published = kNow + 3s}};
  EXPECT_EQ(take(), EntryId{3});
  EXPECT_EQ(slice_.unsettled(log_), 1u);
}

TEST_F(SliceTest, HandsOutWhatWasReleasedFirst) {
  for (const char* key : {"a", "b", "c"}) publish(key);
  const auto first = take();
  take();
  slice_.release(*first);
  EXPECT_EQ(take(), first);
}

TEST_F(SliceTest, KeepsTheOrderOfAKeyWhenOneIsReleased) {
  for (const char* key : {"a", "a", "b"}) publish(key);
  const auto first = take();
  const auto second = take();
  slice_.release(*first);
  EXPECT_EQ(take(), EntryId{3}) << "the first one must not come after the second one of its key";
  slice_.release(*second);
  EXPECT_EQ(take(), first);
  EXPECT_EQ(take(), second);
}

TEST_F(SliceTest, NothingPassesOneOfItsKeyThatWasReleased) {
  for (const char* key : {"a", "a", "a", "b"}) publish(key);
  const auto first = take();
  const auto second = take();
  slice_.release(*first);
  EXPECT_EQ(take(), EntryId{4}) << "the first one waits for the second, the third one for the first";
  EXPECT_EQ(take(), std::nullopt);
  slice_.finish(*second);
  EXPECT_EQ(take(), first);
  EXPECT_EQ(take(), EntryId{3});
}

TEST_F(SliceTest, KeepsAStrictRetryWithItsOwner) {
  publish("a");
  const auto id = take();
  slice_.retry(*id, retry_at(kNow + 1min, RetryOrder::strict));
  EXPECT_EQ(take(kNow + 1h), std::nullopt);
  EXPECT_EQ(slice_.waiting(kNow), 1u);
  slice_.owner_left();
  EXPECT_EQ(take(kNow), id) << "the next owner gets it at once, and waits itself";
  EXPECT_EQ(slice_.at(*id).attempts.failed, 1);
  EXPECT_EQ(slice_.at(*id).attempts.due, kNow + 1min);
}

TEST_F(SliceTest, HandsOutARelaxedRetryWhenItIsDue) {
  publish("a");
  const auto id = take();
  slice_.retry(*id, retry_at(kNow + 1min, RetryOrder::relaxed));
  EXPECT_EQ(slice_.in_flight(), 0u);
  EXPECT_EQ(slice_.next_due(), kNow + 1min);
  EXPECT_EQ(take(kNow + 59s), std::nullopt);
  EXPECT_EQ(take(kNow + 60s), id);
}

TEST_F(SliceTest, ChargesAMarkOnlyWhenItsOwnerCrashed) {
  for (int i = 0; i < 3; ++i) publish("a");
  const auto marked = take();
  const auto running = take();
  const auto other = take();
  slice_.mark(*marked, 2);
  slice_.owner_left();
  EXPECT_EQ(slice_.at(*take()).attempts.crashes, 0);
  take();
  take();
  slice_.mark(*marked, 2);
  slice_.owner_crashed({*running});
  EXPECT_EQ(slice_.at(*marked).attempts.crashes, 2);
  EXPECT_TRUE(slice_.at(*marked).suspect);
  EXPECT_TRUE(slice_.at(*running).suspect);
  EXPECT_EQ(slice_.at(*running).attempts.crashes, 0);
  EXPECT_FALSE(slice_.at(*other).suspect);
}

TEST_F(SliceTest, IsUnsuspectedByAReturn) {
  publish("a");
  const auto id = take();
  slice_.owner_crashed({*id});
  take();
  slice_.retry(*id, retry_at(kNow, RetryOrder::relaxed));
  take();
  EXPECT_FALSE(slice_.at(*id).suspect);
}

TEST_F(SliceTest, KnowsWhatIsSettled) {
  for (int i = 0; i < 2; ++i) publish("a");
  EXPECT_FALSE(slice_.is_settled(*log_.records()[0]));
  slice_.finish(*take());
  EXPECT_TRUE(slice_.is_settled(*log_.records()[0]));
  EXPECT_FALSE(slice_.is_settled(*log_.records()[1]));
  EXPECT_EQ(slice_.unsettled(log_), 1u);
  EXPECT_EQ(slice_.oldest(log_), kNow + 2s);
  slice_.replay(log_.records()[0], 1, "again");
  EXPECT_FALSE(slice_.is_settled(*log_.records()[0]));
  EXPECT_EQ(slice_.at(*take()).replay_id, "again");
}

}  // namespace
}  // namespace tidings::memory
