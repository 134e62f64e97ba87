#include "transport/rabbitmq/consume/owned_queue.hpp"

#include <gmock/gmock.h>

#include "transport/driver/delivery_token.hpp"
#include "transport/rabbitmq/consume/trials.hpp"

namespace tidings::rabbitmq {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using transport::Record;
using Ack = OwnedQueue::Ack;
using Are = QueueSuspects::Are;

constexpr Duration kSecond = std::chrono::seconds{1};
const transport::PartitionId kOrders{.topic = "orders", .partition = 0};

QueueBefore after(QueueSuspects suspects) {
  QueueBefore before;
  before.suspects = std::move(suspects);
  return before;
}

std::string trial_of(const std::string& id) {
  Message message{amqp_basic_deliver_t{.delivery_tag = 1}, "orders"};
  const Record record{.id = id};
  const Properties properties{record, {}, Time{}};
  message.set_properties(properties.get(), 0);
  message.finish();
  return Trials::key_of(message);
}

struct Arrival {
  std::string id = {};
  bool redelivered = false;
  std::optional<Time> due = {};
};

class OwnedQueueTest : public ::testing::Test {
 protected:
  // It came with that id, by default one of its own; as one that is to come back at `due`.
  void arrive(std::uint64_t tag, const Arrival& arrival = {}) { arrive(queue_, tag, arrival); }
  void arrive(OwnedQueue& queue, std::uint64_t tag, const Arrival& arrival = {}) {
    const amqp_basic_deliver_t deliver{.delivery_tag = tag, .redelivered = arrival.redelivered ? 1 : 0};
    auto message = std::make_shared<Message>(deliver, "orders");
    Record record{.id = arrival.id.empty() ? "id-" + std::to_string(tag) : arrival.id};
    transport::Copy copy{.group = "g", .subscription = "orders"};
    copy.attempts.due = arrival.due;
    const Notes notes = arrival.due ? transport::copy_headers(copy) : Notes{};
    const Properties properties{record, notes, now_};
    message->set_properties(properties.get(), 0);
    message->finish();
    queue.arrive(std::move(message), now_);
  }
  std::vector<std::uint64_t> hand_out(std::size_t most = 100) { return hand_out(queue_, most); }
  std::vector<std::uint64_t> hand_out(OwnedQueue& queue, std::size_t most = 100) {
    Room room{.records = most, .bytes = 1'000'000};
    std::vector<transport::Delivery> deliveries;
    queue.hand_out(room, now_, deliveries);
    std::vector<std::uint64_t> tags;
    for (const auto& delivery : deliveries) {
      tags.push_back(queue.tag_of(delivery.token).value_or(0));
      if (delivery.suspect) suspects_.push_back(tags.back());
    }
    return tags;
  }
  // What of 1 and 2, which came again, and of 3, which did not, is suspect.
  std::vector<std::uint64_t> suspects(QueueSuspects before) {
    OwnedQueue queue{kOrders, 8, after(std::move(before))};
    arrive(queue, 1, {.id = "a", .redelivered = true});
    arrive(queue, 2, {.id = "b", .redelivered = true});
    arrive(queue, 3, {.id = "c"});
    hand_out(queue);
    return suspects_;
  }

  std::vector<std::uint64_t> suspects_;
  Time now_{};
  OwnedQueue queue_{kOrders, 7, {}};
};

TEST_F(OwnedQueueTest, HandsOutInOrderAsFarAsThereIsRoom) {
  for (const std::uint64_t tag : {1u, 2u, 3u}) arrive(tag);
  EXPECT_THAT(hand_out(2), ElementsAre(1, 2));
  EXPECT_THAT(hand_out(), ElementsAre(3));
  EXPECT_THAT(hand_out(), IsEmpty());
  EXPECT_EQ(queue_.out_count(), 3u);
}

TEST_F(OwnedQueueTest, WhatIsGivenBackComesBeforeWhatCameLater) {
  for (const std::uint64_t tag : {1u, 2u, 3u}) arrive(tag);
  EXPECT_THAT(hand_out(2), ElementsAre(1, 2));
  queue_.release(2);
  queue_.release(1);
  EXPECT_THAT(hand_out(), ElementsAre(1, 2, 3));
}

TEST_F(OwnedQueueTest, ARetryWaitsUntilItIsDue) {
  arrive(1, {.due = now_ + std::chrono::seconds{1}});
  arrive(2);
  EXPECT_THAT(hand_out(), ElementsAre(2));
  EXPECT_EQ(queue_.waits_until(), now_ + std::chrono::seconds{1});
  now_ += std::chrono::seconds{1};
  EXPECT_THAT(hand_out(), ElementsAre(1));
  EXPECT_EQ(queue_.waits_until(), kNever);
}

TEST_F(OwnedQueueTest, PausedOrStoppedItHandsOutNothing) {
  arrive(1);
  queue_.set_paused(true);
  EXPECT_THAT(hand_out(), IsEmpty());
  queue_.set_paused(false);
  EXPECT_THAT(hand_out(), ElementsAre(1));
  arrive(2);
  queue_.stop(now_ + kSecond);
  EXPECT_THAT(hand_out(), IsEmpty());
}

TEST_F(OwnedQueueTest, IsAcknowledgedInARangeAsFarAsAllIsSettled) {
  for (std::uint64_t tag = 1; tag <= 6; ++tag) arrive(tag);
  hand_out();
  for (const std::uint64_t tag : {1u, 2u, 4u, 6u}) queue_.settle(tag);
  EXPECT_THAT(queue_.take_acks(), ElementsAre(Ack{2, true}, Ack{4, false}, Ack{6, false}));
  EXPECT_THAT(queue_.take_acks(), IsEmpty());
  for (const std::uint64_t tag : {3u, 5u}) queue_.settle(tag);
  EXPECT_THAT(queue_.take_acks(), ElementsAre(Ack{5, true}));
  EXPECT_EQ(queue_.out_count(), 0u);
  EXPECT_EQ(queue_.out_bytes(), 0u);
}

TEST_F(OwnedQueueTest, WhatIsBeingSettledIsNobodysUntilItIsTakenBack) {
  arrive(1);
  EXPECT_EQ(queue_.out(1), nullptr) << "it waits still";
  hand_out();
  EXPECT_NE(queue_.out(1), nullptr);
  queue_.begin_settling(1);
  EXPECT_EQ(queue_.out(1), nullptr);
  queue_.undo_settling(1);
  EXPECT_NE(queue_.out(1), nullptr);
}

TEST_F(OwnedQueueTest, FindsByItsTokenWhatIsThere) {
  arrive(5, {.id = "a"});
  const std::uint64_t token = queue_.token_of(5);
  arrive(5 + (1u << 24), {.id = "a"});
  EXPECT_EQ(queue_.token_of(5 + (1u << 24)), token) << "as far away as that, they are told by which is there";
  EXPECT_EQ(queue_.tag_of(token), 5u);
  hand_out();
  queue_.settle(5);
  EXPECT_EQ(queue_.tag_of(token), 5 + (1u << 24));
  queue_.settle(5 + (1u << 24));
  EXPECT_EQ(queue_.tag_of(token), std::nullopt);
}

TEST_F(OwnedQueueTest, NothingIsSuspectAfterOneThatLeft) {
  EXPECT_THAT(suspects({}), IsEmpty());
}

TEST_F(OwnedQueueTest, AllThatWasHandedOutIsSuspectWhereNothingIsKnown) {
  EXPECT_THAT(suspects({.are = Are::all}), ElementsAre(1, 2));
}

TEST_F(OwnedQueueTest, WhatStoodOnABoardIsSuspect) {
  OwnedQueue before{kOrders, 3, {}};
  arrive(before, 77, {.id = "b"});
  const auto place = transport::place_of(before.token_of(77));
  EXPECT_THAT(suspects({.are = Are::these, .places = {place}}), ElementsAre(2));
}

// What did not come yet, and what came and was not settled.
TEST_F(OwnedQueueTest, SaysWhatIsSuspectStill) {
  OwnedQueue before{kOrders, 3, {}};
  arrive(before, 1, {.id = "a"});
  arrive(before, 2, {.id = "b"});
  const auto a = transport::place_of(before.token_of(1)), b = transport::place_of(before.token_of(2));
  OwnedQueue queue{kOrders, 8, after({.are = Are::these, .places = {a, b}})};
  arrive(queue, 11, {.id = "a", .redelivered = true});
  EXPECT_EQ(queue.suspects().places.size(), 2u);
  hand_out(queue);
  queue.settle(11);
  EXPECT_EQ(queue.suspects(), (QueueSuspects{.are = Are::these, .places = {b}}));
  arrive(queue, 12, {.id = "c"});
  EXPECT_EQ(queue.suspects(), QueueSuspects{}) << "what was handed out comes first";
}

TEST_F(OwnedQueueTest, WhatWasTriedBeforeIsKnownWhenItComesAgain) {
  const transport::Attempts tried{.failed = 2, .last_error = "no"};
  QueueBefore before;
  before.trials.emplace(trial_of("a"), tried);
  OwnedQueue queue{kOrders, 8, std::move(before)};
  arrive(queue, 1, {.id = "a", .redelivered = true});
  arrive(queue, 2, {.id = "b", .redelivered = true});
  EXPECT_EQ(queue.known(1).attempts, tried);
  EXPECT_EQ(queue.known(1).trial, trial_of("a"));
  EXPECT_EQ(queue.known(2).attempts, transport::Attempts{});
}

// What was handed out before comes first.
TEST_F(OwnedQueueTest, WhatWasTriedAndDoesNotComeBeforeTheFirstNewOneIsGone) {
  QueueBefore before;
  for (const char* id : {"a", "b", "c"}) before.trials.emplace(trial_of(id), transport::Attempts{.failed = 1});
  OwnedQueue queue{kOrders, 8, std::move(before)};
  arrive(queue, 1, {.id = "a", .redelivered = true});
  EXPECT_THAT(queue.take_gone(), IsEmpty()) << "they may come yet";
  arrive(queue, 2, {.id = "d"});
  EXPECT_THAT(queue.take_gone(), UnorderedElementsAre(trial_of("b"), trial_of("c")));
  arrive(queue, 3, {.id = "b"});
  EXPECT_THAT(queue.take_gone(), IsEmpty()) << "it is told once";
  EXPECT_EQ(queue.known(3).attempts, transport::Attempts{}) << "of another event";
}

TEST_F(OwnedQueueTest, NothingIsGoneWhereOthersHaveItToo) {
  QueueBefore before;
  before.competing = true;
  before.trials.emplace(trial_of("a"), transport::Attempts{.failed = 1});
  OwnedQueue queue{kOrders, 8, std::move(before)};
  arrive(queue, 1, {.id = "b"});
  EXPECT_THAT(queue.take_gone(), IsEmpty());
}

TEST_F(OwnedQueueTest, HasStoppedOnceNothingIsInFlight) {
  arrive(1);
  arrive(2);
  hand_out(1);
  EXPECT_FALSE(queue_.has_stopped(now_));
  queue_.stop(now_ + kSecond);
  EXPECT_FALSE(queue_.has_stopped(now_));
  queue_.settle(1);
  EXPECT_TRUE(queue_.has_stopped(now_)) << "what was not handed out goes back";
}

TEST_F(OwnedQueueTest, HasStoppedAtItsDeadlineWhateverIsInFlight) {
  arrive(1);
  hand_out();
  queue_.stop(now_ + kSecond);
  EXPECT_FALSE(queue_.has_stopped(now_));
  EXPECT_TRUE(queue_.has_stopped(now_ + kSecond));
  EXPECT_TRUE(queue_.has_in_flight());
}

}  // namespace
}  // namespace tidings::rabbitmq
