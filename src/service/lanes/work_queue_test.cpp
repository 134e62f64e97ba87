#include "service/lanes/work_queue.hpp"

#include <gmock/gmock.h>

#include <optional>

#include "tidings/testing/simulated_executor.hpp"

namespace tidings::service {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr TakeLimits kOne{.max = 1, .max_per_lane = 1};

class WorkQueueTest : public ::testing::Test {
 protected:
  transport::Delivery delivery(std::string_view key, std::uint64_t token) {
    transport::Delivery delivery;
    delivery.token = token;
    delivery.record.topic = "orders";
    delivery.record.key = key;
    delivery.partition = {.topic = "orders", .partition = 0};
    return delivery;
  }

  testing::SimulatedExecutor executor_{1};
  WorkQueue queue_{executor_, {.concurrency = 4, .held_max = 100}};
  WorkQueue::Seat seat_{executor_};
};

// P5, P9: it sleeps until what runs has ended; a loop under the mutex would let nobody end anything.
TEST_F(WorkQueueTest, ATakerSleepsWhileASuspectWaitsThoughARetryIsDue) {
  queue_.admit({delivery("a", 1)});
  const auto running = queue_.take(seat_, kOne);
  ASSERT_THAT(running, SizeIs(1));
  transport::Delivery suspect = delivery("b", 2);
  suspect.suspect = true;
  transport::Delivery retry = delivery("c", 3);
  retry.attempts.due = executor_.now() + 1s;
  queue_.admit({suspect, retry});
  const Time start = executor_.now();
  EXPECT_THAT(queue_.take(seat_, kOne, start + 10s), IsEmpty());
  EXPECT_EQ(executor_.now(), start + 10s);

  const Ending ending{.ticket = running[0].ticket, .kind = Ending::Kind::done};
  queue_.end({&ending, 1});
  const auto alone = queue_.take(seat_, kOne, start + 20s);
  ASSERT_THAT(alone, SizeIs(1));
  EXPECT_EQ(alone[0].delivery->token, 2u);
  EXPECT_EQ(executor_.now(), start + 10s) << "at once";
}

// P4: it was delivered again under another epoch; to run it once more would be to run it twice, and out of order.
TEST_F(WorkQueueTest, WhatRanWhenItsPartitionWasLostDoesNotReturnToItsLane) {
  const std::vector<transport::PartitionId> partition{{"orders", 0}};
  queue_.admit({delivery("a", 1), delivery("a", 2)});
  const auto running = queue_.take(seat_, kOne);
  ASSERT_THAT(running, SizeIs(1));
  EXPECT_THAT(queue_.lose(partition), SizeIs(1)) << "what waited behind it";
  queue_.regain(partition);
  queue_.admit({delivery("a", 11), delivery("a", 12)});
  EXPECT_THAT(queue_.take_ready(kOne), IsEmpty()) << "the key still runs";

  const Ending ending{.ticket = running[0].ticket, .kind = Ending::Kind::hold, .attempts = {.due = executor_.now()}};
  EXPECT_THAT(queue_.end({&ending, 1}), IsEmpty()) << "nothing to release: it is not ours";
  const auto next = queue_.take_ready(kOne);
  ASSERT_THAT(next, SizeIs(1));
  EXPECT_EQ(next[0].delivery->token, 11u);
  EXPECT_EQ(queue_.size(), 2u);
}

TEST_F(WorkQueueTest, ATakerWakesWhenARetryIsDue) {
  transport::Delivery retry = delivery("c", 3);
  retry.attempts.due = executor_.now() + 1s;
  queue_.admit({retry});
  const Time start = executor_.now();
  EXPECT_THAT(queue_.take(seat_, kOne, start + 10s), SizeIs(1));
  EXPECT_EQ(executor_.now(), start + 1s);
}

// P4: the next of a key is taken when the one before it has ended.
TEST_F(WorkQueueTest, ALaneIsTakenByOneAtATime) {
  queue_.admit({delivery("a", 1), delivery("a", 2)});
  const auto first = queue_.take(seat_, kOne);
  EXPECT_THAT(queue_.take(seat_, kOne, executor_.now() + 1s), IsEmpty());
  const Ending ending{.ticket = first[0].ticket, .kind = Ending::Kind::done};
  queue_.end({&ending, 1});
  EXPECT_EQ(queue_.take(seat_, kOne, executor_.now() + 1s).at(0).delivery->token, 2u);
}

// P4: what of a key was before it has been returned, so it must not run here.
TEST_F(WorkQueueTest, WhatComesOfAPartitionThatIsGivenUpIsReturned) {
  queue_.admit({delivery("a", 1), delivery("a", 2)});
  EXPECT_THAT(queue_.give_up({{"orders", 0}}), SizeIs(2));
  const auto returned = queue_.admit({delivery("a", 3), delivery("b", 4)});
  ASSERT_THAT(returned, SizeIs(2));
  EXPECT_EQ(returned[0].token, 3u);
  EXPECT_EQ(returned[1].token, 4u);
  EXPECT_THAT(queue_.take_ready(kOne), IsEmpty());
  queue_.regain({{"orders", 0}});
  EXPECT_THAT(queue_.admit({delivery("a", 1)}), IsEmpty());
  EXPECT_THAT(queue_.take_ready(kOne), SizeIs(1));
}

// P4: others have it, and what waits behind it would overtake it here.
TEST_F(WorkQueueTest, NothingRunsHereBehindOneThatIsGone) {
  queue_.admit({delivery("a", 1), delivery("b", 2), delivery("a", 3), delivery("a", 4)});
  const auto running = queue_.take(seat_, kOne);
  ASSERT_EQ(running.at(0).delivery->token, 1u);
  const Ending ending{.ticket = running[0].ticket, .kind = Ending::Kind::gone};
  const auto released = queue_.end({&ending, 1});
  ASSERT_THAT(released, SizeIs(2)) << "what waited behind it, and not itself";
  EXPECT_EQ(released[0].token, 3u);
  EXPECT_EQ(released[1].token, 4u);
  EXPECT_THAT(queue_.admit({delivery("a", 5)}), SizeIs(1)) << "it was received before that was known";
  EXPECT_EQ(queue_.take_ready(kOne).at(0).delivery->token, 2u) << "other keys go on";
  EXPECT_THAT(queue_.take_ready(kOne), IsEmpty());

  EXPECT_THAT(queue_.flow_changes(), IsEmpty());  // who receives begins anew
  EXPECT_THAT(queue_.admit({delivery("a", 11)}), IsEmpty());
  const auto next = queue_.take_ready(kOne);
  ASSERT_EQ(next.at(0).delivery->token, 11u);
  const Ending again{.ticket = next[0].ticket, .kind = Ending::Kind::gone};
  EXPECT_THAT(queue_.end({&again, 1}), IsEmpty());
  queue_.regain({{"orders", 0}});  // what comes with that notice is from after it
  EXPECT_THAT(queue_.admit({delivery("a", 21)}), IsEmpty());
  EXPECT_THAT(queue_.take_ready(kOne), SizeIs(1));
}

TEST_F(WorkQueueTest, ATakeEndsInTimeThoughTheClockIsSetBack) {
  const auto clock = executor_.spawn("clock", [&] {
    executor_.sleep_until(executor_.now() + 4s);
    executor_.jump(-5min);
  });
  const Duration begun = executor_.uptime();
  EXPECT_THAT(queue_.take(seat_, kOne, executor_.now() + 10s), IsEmpty());
  EXPECT_EQ(executor_.uptime() - begun, 10s);
}

TEST_F(WorkQueueTest, ADrainEndsAPause) {
  EXPECT_FALSE(queue_.wait_draining({executor_, executor_.now() + 2s})) << "nobody drains";
  std::optional<Duration> ended;
  const auto pausing = executor_.spawn("pausing", [&] {
    EXPECT_TRUE(queue_.wait_draining({executor_, executor_.now() + 10s}));
    ended = executor_.uptime();
  });
  executor_.run_for(1s);
  EXPECT_FALSE(ended);
  queue_.drain();
  executor_.run_until_idle();
  EXPECT_EQ(ended, 3s);
}

// P8: what waits comes back in order, what runs may end, takers go home.
TEST_F(WorkQueueTest, ADrainGivesBackWhatWaitsInOrder) {
  queue_.admit({delivery("a", 1), delivery("a", 2), delivery("a", 3)});
  const auto running = queue_.take(seat_, kOne);
  const auto waiting = queue_.drain();
  ASSERT_THAT(waiting, SizeIs(2));
  EXPECT_EQ(waiting[0].token, 2u);
  EXPECT_EQ(waiting[1].token, 3u);
  EXPECT_THAT(queue_.take(seat_, kOne), IsEmpty());
  EXPECT_FALSE(queue_.wait_quiet({executor_, executor_.now() + 1s}));
  const Ending ending{.ticket = running[0].ticket, .kind = Ending::Kind::done};
  EXPECT_THAT(queue_.end({&ending, 1}), IsEmpty());
  EXPECT_TRUE(queue_.wait_quiet({executor_, executor_.now() + 1s}));
}

}  // namespace
}  // namespace tidings::service
