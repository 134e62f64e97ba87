#include "transport/rabbitmq/link/channel_turns.hpp"

#include <gtest/gtest.h>

namespace tidings::rabbitmq {
namespace {

TEST(ChannelTurns, TakeAllNumbersBeforeOneComesAgain) {
  constexpr Channel kFirst = 3;
  Channel last = 2;
  for (Channel expected = kFirst; expected <= kChannelMax; ++expected) {
    last = channel_after(last, kFirst);
    ASSERT_EQ(last, expected);
  }
  EXPECT_EQ(channel_after(last, kFirst), kFirst);
}

}  // namespace
}  // namespace tidings::rabbitmq
