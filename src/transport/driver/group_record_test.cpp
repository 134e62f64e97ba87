#include "transport/driver/group_record.hpp"

#include <gmock/gmock.h>

namespace tidings::transport {
namespace {

TEST(GroupRecord, ReadsBackWhatItWrote) {
  const GroupMember member{
      .instance = "one", .host = "h", .pid = 7, .joined = Time{std::chrono::seconds{1'700'000'000}}};
  const GroupRecord record{
      .group = "g",
      .subscriptions = {{.topic = "orders", .pattern = {}, .members = {member}, .queue = "order_created_queue"},
                        {.topic = {}, .pattern = "order.*", .extra_topics = {"a", "b"}, .members = {}}}};
  EXPECT_EQ(group_record("g", text_of(record)), record);
}

// Of a version that knew no queues.
TEST(GroupRecord, OfASubscriptionThatSaysNoQueueThereIsNone) {
  const GroupRecord record = group_record("g", "topic\torders\tshared\t\n");
  ASSERT_EQ(record.subscriptions.size(), 1u);
  EXPECT_EQ(record.subscriptions[0].topic, "orders");
  EXPECT_EQ(record.subscriptions[0].queue, "");
}

}  // namespace
}  // namespace tidings::transport
