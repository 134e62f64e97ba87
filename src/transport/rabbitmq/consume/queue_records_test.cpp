#include "transport/rabbitmq/consume/queue_records.hpp"

#include <gmock/gmock.h>

#include "transport/rabbitmq/consume/share_records.hpp"
#include "transport/rabbitmq/consume/trials.hpp"

namespace tidings::rabbitmq {
namespace {

using ::testing::ElementsAre;
using ::testing::Key;
using transport::ControlRecord;

ControlRecord had_by(const std::string& queue, const std::string& instance) {
  return {.key = queue_key(queue, 0), .value = text_of(QueueRecord{.instance = instance, .life = 1})};
}
ControlRecord member(const std::string& queue, const std::string& instance) {
  return {.key = member_key(queue, instance), .value = text_of(MemberRecord{.life = 1})};
}
ControlRecord trial(const std::string& queue) {
  return {.key = trial_prefix(queue) + "0/2/0123456789abcdef0123456789abcdef", .value = ""};
}

std::vector<std::string> keys(const std::vector<ControlRecord>& records) {
  std::vector<std::string> keys;
  for (const ControlRecord& record : records) keys.push_back(record.key);
  return keys;
}

TEST(InstanceRecords, AreThoseOfEachInstanceAndThatSomebodyHadTheQueueComesLast) {
  const std::vector<ControlRecord> shares{had_by("g.orders_queue.a", "a"), member("g.orders_queue.b", "b")};
  const auto records = instance_records("g.orders_queue.", false, shares, {trial("g.orders_queue.a")});
  ASSERT_THAT(records, ElementsAre(Key("a"), Key("b")));
  EXPECT_THAT(keys(records.at("a")), ElementsAre(trial("g.orders_queue.a").key, shares[0].key));
  EXPECT_THAT(keys(records.at("b")), ElementsAre(shares[1].key));
}

// Of group `g.orders_queue.x`.
TEST(InstanceRecords, AreNotThoseOfAnotherGroupWhoseNameBeginsLikewise) {
  const std::string other = "g.orders_queue.x.orders_queue";
  EXPECT_TRUE(
      instance_records("g.orders_queue.", false, {had_by(other, "a"), member(other, "a")}, {trial(other)}).empty());
}

TEST(InstanceRecords, AreTrialsAloneWhereMembersCompete) {
  EXPECT_THAT(instance_records("g.orders_queue.", true, {}, {trial("g.orders_queue.a")}), ElementsAre(Key("a")));
}

}  // namespace
}  // namespace tidings::rabbitmq
