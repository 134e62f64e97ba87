#include "transport/rabbitmq/owned_queue.hpp"

#include <gmock/gmock.h>

#include "transport/delivery_token.hpp"

namespace tidings::rabbitmq {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Ack = OwnedQueue::Ack;

class OwnedQueueTest : public ::testing::Test {
 protected:
  void arrive(std::uint64_t tag, OwnedQueue::Known known = {}) {
    const amqp_basic_deliver_t deliver{.delivery_tag = tag};
    auto message = std::make_shared<Message>(deliver, "orders");
    message->finish();
    queue_.arrive(std::move(message), std::move(known));
  }
  std::vector<std::uint64_t> hand_out(std::size_t most = 100) {
    Room room{.records = most, .bytes = 1'000'000};
    std::vector<transport::Delivery> deliveries;
    queue_.hand_out(room, now_, deliveries);
    std::vector<std::uint64_t> tags;
    for (const auto& delivery : deliveries) tags.push_back(transport::place_of(delivery.token));
    return tags;
  }

  Time now_{};
  OwnedQueue queue_{{.topic = "orders", .partition = 0}, 7};
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
  arrive(1, {.not_before = now_ + std::chrono::seconds{1}});
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
  queue_.stop();
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

}  // namespace
}  // namespace tidings::rabbitmq
