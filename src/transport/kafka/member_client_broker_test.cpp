#include "transport/kafka/broker_here.hpp"
#include "transport/kafka/member_client.hpp"
#include "transport/kafka/topic_admin.hpp"

namespace tidings::kafka {
namespace {

class MemberClientBrokerTest : public BrokerHere {
 protected:
  // Answers the group's next question; whether it gave partitions, in time.
  static bool gets_partitions(MemberClient& client, Time deadline, Executor& executor) {
    while (executor.now() < deadline) {
      const EventHandle event = client.next_event(deadline);
      if (!event || rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_REBALANCE) continue;
      const auto& partitions = *rd_kafka_event_topic_partition_list(event.get());
      if (rd_kafka_event_error(event.get()) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        client.assign(partitions);
        return partitions.cnt > 0;
      }
      client.unassign(partitions);
    }
    return false;
  }
};

// As a service does that its own late request to join fenced.
TEST_F(MemberClientBrokerTest, AFencedOneIsFollowedByAnotherThatJoins) {
  const std::string topic = cluster().names().on_cluster("orders");
  const NewTopic orders{.name = topic, .partitions = 1, .config = {}};
  ASSERT_TRUE(create_topics(cluster(), {&orders, 1}));
  const MemberClient::Who who{
      .group_id = cluster().names().on_cluster("readers"), .instance = "one", .static_id = "one"};
  const auto client = MemberClient::open(cluster(), who, std::make_shared<Bell>(executor()));
  ASSERT_TRUE(client) << client.error().message;
  ASSERT_TRUE((*client)->subscribe({topic}));
  ASSERT_TRUE(gets_partitions(**client, soon(), executor()));
  EXPECT_FALSE((*client)->is_fenced());
  (*client)->fence();
  EXPECT_TRUE((*client)->is_fenced());

  ASSERT_TRUE((*client)->reopen(cluster()));
  EXPECT_FALSE((*client)->is_fenced());
  ASSERT_TRUE((*client)->subscribe({topic}));
  EXPECT_TRUE(gets_partitions(**client, soon(), executor()));
}

}  // namespace
}  // namespace tidings::kafka
