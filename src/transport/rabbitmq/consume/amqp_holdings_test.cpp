#include "transport/rabbitmq/consume/amqp_holdings.hpp"

#include <gmock/gmock.h>

namespace tidings::rabbitmq {
namespace {

constexpr Time kTime{std::chrono::seconds{1'700'000'000}};

TEST(AmqpHoldings, OfSeveralMembersAreAdded) {
  Holdings all;
  add_holdings(all, text_of({{"q.0", {.count = 2, .oldest = kTime, .unkeyed = 3}}, {"q.1", {.count = 1}}}));
  add_holdings(all, text_of({{"q.0", {.count = 5, .unkeyed = 4}}}));
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all["q.0"].count, 7u);
  EXPECT_EQ(all["q.0"].oldest, kTime);
  EXPECT_EQ(all["q.0"].unkeyed, 7u);
  EXPECT_EQ(all["q.1"].count, 1u);
  EXPECT_EQ(all["q.1"].unkeyed, 0u);
}

// Members of a version that does not count these read and write such lines only.
TEST(AmqpHoldings, WithoutUnkeyedAreWrittenAsEver) {
  EXPECT_EQ(text_of({{"q", {.count = 2, .oldest = kTime}}}), "q=2 2023-11-14T22:13:20.000000Z\n");
}

}  // namespace
}  // namespace tidings::rabbitmq
