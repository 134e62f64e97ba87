#include "transport/rabbitmq/consume/share_records.hpp"

#include <gtest/gtest.h>

namespace tidings::rabbitmq {
namespace {

const std::string kName = "shop.orders_queue";

TEST(ShareRecords, AreReadAsTheyWereWritten) {
  const QueueRecord held{
      .instance = "a", .life = 0xfedcba9876543210, .slot = 7, .prefetch = 64, .held = true, .version = 11};
  const QueueRecord left{.instance = "b", .life = 2, .slot = 8, .held = false, .suspects = true, .version = 12};
  const MemberRecord member{.life = 2, .version = 13};
  const auto share = share_records(kName, 3,
                                   {{.key = queue_key(kName, 0), .value = text_of(held), .version = 11},
                                    {.key = queue_key(kName, 2), .value = text_of(left), .version = 12},
                                    {.key = member_key(kName, "a/b"), .value = text_of(member), .version = 13}});
  ASSERT_EQ(share.queues.size(), 3u);
  EXPECT_EQ(share.queues[0], held);
  EXPECT_EQ(share.queues[1], QueueRecord{});
  EXPECT_EQ(share.queues[2], left);
  ASSERT_EQ(share.members.size(), 1u);
  EXPECT_EQ(share.members.at("a/b"), member);
}

TEST(ShareRecords, SkipWhatIsOfOtherVersions) {
  const auto share =
      share_records(kName, 1,
                    {{.key = queue_key(kName, 5), .value = "state=held\n", .version = 1},
                     {.key = share_prefix(kName) + "other/1", .value = "x", .version = 2},
                     {.key = queue_key(kName, 0), .value = "nonsense\nnew=field\nstate=held\n", .version = 3}});
  EXPECT_TRUE(share.members.empty());
  EXPECT_TRUE(share.queues[0].held);
}

}  // namespace
}  // namespace tidings::rabbitmq
