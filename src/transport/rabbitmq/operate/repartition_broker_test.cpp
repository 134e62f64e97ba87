// The number of a topic's queues is changed, and nothing is lost by it, nor any key's order.
#include "transport/driver/topic_facts.hpp"
#include "transport/rabbitmq/consume/share_records.hpp"
#include "transport/rabbitmq/control/rabbitmq_control.hpp"
#include "transport/rabbitmq/repartition_here.hpp"

namespace tidings::rabbitmq {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using tidings::testing::eventually;

class RepartitionBrokerTest : public RepartitionHere {
 protected:
  void expect_only(std::uint32_t generation, std::int32_t count) {
    for (const std::string& queue : queues(generation, count).read) EXPECT_TRUE(is_there(queue)) << queue;
    for (std::uint32_t before = 0; before < generation; ++before) {
      for (std::int32_t old = 1; old <= 8; ++old) {
        for (const std::string& queue : queues(before, old).read) EXPECT_FALSE(is_there(queue)) << queue;
      }
      EXPECT_FALSE(is_there(retries_of(queues(before, 1).name, 1000)));
    }
  }
  void expect_everything_is_handled() {
    const auto first = start("one");
    const auto second = start("two");
    const auto expected = published();
    EXPECT_TRUE(eventually([&] { return handled().count() == expected.size() * expected.begin()->second.size(); }));
    EXPECT_EQ(handled().all(), expected);
  }
  std::size_t records_of(const SubscriptionQueues& queues) {
    ControlStream log{shared_broker()};
    return log.list(ControlSpace::driver, share_prefix(queues.name)).value().size();
  }
  void put_fact(transport::TopicFact fact) {
    const auto log = std::make_shared<ControlStream>(shared_broker());
    transport::TopicFacts facts{std::make_shared<RabbitmqControl>(log, ControlSpace::driver)};
    fact.version = facts.of("orders")->version;
    ASSERT_TRUE(facts.put("orders", fact));
  }
  Error refusal(const Result<transport::Repartition>& change) {
    EXPECT_FALSE(change);
    return change ? Error{} : change.error();
  }
};

TEST_F(RepartitionBrokerTest, EventsComeAllTheWhileAndEachKeyKeepsItsOrder) {
  declare(4);
  auto first = start("one");
  auto second = start("two");
  auto publisher = std::make_unique<Repeatedly>(executor(), [this] { publish(); });
  ASSERT_TRUE(eventually([&] { return handled().count() > 200; }));

  const auto begun = repartition(8);
  ASSERT_TRUE(begun) << begun.error().message;
  EXPECT_EQ(std::pair(begun->from, begun->to), std::pair(4, 8));
  EXPECT_FALSE(begun->done);
  ASSERT_EQ(begun->held_by.size(), 1u);
  EXPECT_THAT(begun->held_by[0].instances, ::testing::UnorderedElementsAre("one", "two"));
  ASSERT_TRUE(eventually([&] {
    const auto on = repartition(8);
    return on && !on->done && on->held_by.at(0).unsettled == 0;
  }));

  first.reset();
  second.reset();
  const auto ended = repartition(8);
  ASSERT_TRUE(ended) << ended.error().message;
  EXPECT_TRUE(ended->done);
  const std::size_t before = handled().count();
  first = start("one");
  ASSERT_TRUE(eventually([&] { return handled().count() > before + 200; })) << "of the new queues";
  publisher.reset();
  expect_everything_is_handled();
  expect_only(1, 8);
  EXPECT_EQ(admin().operations().topology->topics()->at(0).partitions, 8);
  EXPECT_EQ(records_of(queues(0, 4)), 0u);
}

class RepartitionNumbersBrokerTest : public RepartitionBrokerTest,
                                     public ::testing::WithParamInterface<std::pair<std::int32_t, std::int32_t>> {};

TEST_P(RepartitionNumbersBrokerTest, WhatWaitsIsSettledFirst) {
  const auto [from, to] = GetParam();
  declare(from);
  start("one").reset();
  publish();
  publish();
  const auto begun = repartition(to);
  ASSERT_TRUE(begun) << begun.error().message;
  EXPECT_FALSE(begun->done);
  ASSERT_EQ(begun->held_by.size(), 1u);
  EXPECT_EQ(begun->held_by[0].unsettled, 2u * kKeys);
  EXPECT_THAT(begun->held_by[0].instances, IsEmpty());
  publish();
  EXPECT_EQ(lag().unsettled, 3u * kKeys) << "of both";
  finish(to);
  EXPECT_EQ(handled().count(), 2u * kKeys) << "what was published since waits";
  publish();
  expect_everything_is_handled();
  expect_only(1, to);
}

TEST_P(RepartitionNumbersBrokerTest, ThereAndBackAgain) {
  const auto [from, to] = GetParam();
  declare(from);
  start("one").reset();
  publish();
  finish(to);
  publish();
  finish(from);
  publish();
  expect_everything_is_handled();
  expect_only(2, from);
}

INSTANTIATE_TEST_SUITE_P(All, RepartitionNumbersBrokerTest, ::testing::Values(std::pair{1, 3}, std::pair{3, 1}));

class RepartitionDeathBrokerTest : public RepartitionBrokerTest, public ::testing::WithParamInterface<const char*> {};

// The command ends at that point; then it is run again.
TEST_P(RepartitionDeathBrokerTest, ItGoesOnWhereItWas) {
  declare(2);
  start("one").reset();
  const auto dying = process("", GetParam());
  const auto died = dying->operations().topology->repartition("orders", 4);
  ASSERT_FALSE(died) << "it did not come to that point";
  publish();
  publish();
  finish(4);
  publish();
  expect_everything_is_handled();
  expect_only(1, 4);
  EXPECT_THAT(admin().operations().topology->concerns().value(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(All, RepartitionDeathBrokerTest,
                         ::testing::Values("repartition_begun:1:5", "repartition_bound:1:5", "repartition_opened:1:5",
                                           "repartition_opened:2:5", "repartition_closed:1:5",
                                           "repartition_moved:1:5"));

TEST_F(RepartitionBrokerTest, AMemberThatJoinsMeanwhileSettlesWhatIsLeftAndNothingElse) {
  declare(2);
  start("one").reset();
  publish();
  EXPECT_FALSE(repartition(3)->done);
  const auto member = start("one");
  ASSERT_TRUE(eventually([&] { return handled().count() == kKeys; }));
  publish();
  for (const std::string& queue : queues(0, 2).read) {  // behind what may have come there
    send("", queue, {.topic = "orders", .key = queue, .id = "1", .type = "OrderCreated", .body = "{}"});
  }
  for (const std::string& queue : queues(0, 2).read) {
    ASSERT_TRUE(eventually([&] { return handled().all().contains(queue); }));
  }
  EXPECT_EQ(handled().count(), kKeys + 2u);
  EXPECT_EQ(lag().unsettled, std::uint64_t{kKeys});
}

TEST_F(RepartitionBrokerTest, DeadLettersOfBeforeAreReplayedToTheNewQueues) {
  declare(2);
  start("one").reset();
  publish();
  {
    const auto member = admin().consumer({.group = "g", .instance = "two", .topic = "orders"}).value();
    auto batch = member->receive(1, soon());
    while (batch && batch->deliveries.empty()) batch = member->receive(1, soon());
    ASSERT_TRUE(batch) << batch.error().message;
    const transport::Bury bury{.reason = "failed", .error = "x", .attempts = {}};
    ASSERT_TRUE(settle_now(*member, executor(), {{.token = batch->deliveries[0].token, .outcome = bury}})[0]);
  }
  finish(3);
  EXPECT_EQ(lag().dead, 1u);
  const auto letters = admin().operations().dead_letters->browse({}, "", 10);
  ASSERT_TRUE(letters && letters->size() == 1);
  const auto replayed = admin().operations().dead_letters->replay(letters->front().id);
  ASSERT_TRUE(replayed && *replayed);
  expect_everything_is_handled();
}

TEST_F(RepartitionBrokerTest, AMemberOfBeforeStopsReadingAndSaysWhatToDo) {
  declare(2);
  const auto member = start("one");
  put_fact({.partitions = 4, .generation = 1, .last = 2});  // as if nobody had seen it
  EXPECT_TRUE(eventually([&] { return !member->trouble().empty(); }));
  EXPECT_THAT(member->trouble(), AllOf(HasSubstr("from 4 queues '"), HasSubstr("start this instance anew")));
  const auto ended = repartition(4);
  ASSERT_TRUE(ended) << ended.error().message;
  EXPECT_TRUE(ended->done);
  EXPECT_FALSE(is_there(queues(0, 2).read[0]));
}

TEST_F(RepartitionBrokerTest, WhatCameToQueuesOfBeforeIsMovedWithWaitingRetries) {
  declare(2);
  start("one").reset();
  const auto died = process("", "repartition_closed:1:5")->operations().topology->repartition("orders", 4);
  ASSERT_FALSE(died);
  const transport::Record late{.topic = "orders", .key = "key-0", .id = "7", .type = "OrderCreated", .body = "{}"};
  transport::Record retried = late;
  retried.id = "8";
  send("", queues(0, 2).read[1], late);
  send("", retries_of(queues(0, 2).name, 1000), retried);
  ASSERT_TRUE(eventually([&] { return lag().unsettled == 2; }));
  finish(4);
  const auto member = start("one");
  EXPECT_TRUE(eventually([&] { return handled().count() == 2; }));
  expect_only(1, 4);
}

TEST_F(RepartitionBrokerTest, ARetryThatWaitsHoldsNothingUpAndKeepsItsTime) {
  declare(2);
  start("one").reset();
  publish();
  const auto due = executor().now() + std::chrono::seconds{4};
  {
    const auto member = admin().consumer({.group = "g", .instance = "two", .topic = "orders"}).value();
    std::size_t left = kKeys;
    while (left > 0) {
      auto batch = member->receive(kKeys, soon());
      ASSERT_TRUE(batch) << batch.error().message;
      for (const auto& delivery : batch->deliveries) {
        const transport::Retry retry{.order = transport::RetryOrder::relaxed, .attempts = {.failed = 3, .due = due}};
        ASSERT_TRUE(settle_now(*member, executor(), {{.token = delivery.token, .outcome = retry}})[0]);
        --left;
      }
    }
  }
  const auto ended = repartition(3);
  ASSERT_TRUE(ended) << ended.error().message;
  EXPECT_TRUE(ended->done);
  EXPECT_EQ(lag().unsettled, std::uint64_t{kKeys});
  const auto member = admin().consumer({.group = "g", .instance = "two", .topic = "orders"}).value();
  const auto batch = [&] {
    auto received = member->receive(kKeys, soon());
    while (received && received->deliveries.empty()) received = member->receive(kKeys, soon());
    return received;
  }();
  ASSERT_TRUE(batch) << batch.error().message;
  EXPECT_EQ(batch->deliveries[0].attempts.failed, 3);
  EXPECT_GE(executor().now(), due);
  expect_only(1, 3);
}

TEST_F(RepartitionBrokerTest, ItIsRefusedWhereItCannotBe) {
  declare(4);
  const auto unknown = admin().operations().topology->repartition("order", 2);
  EXPECT_EQ(refusal(unknown).kind, ErrorKind::invalid);
  EXPECT_THAT(refusal(unknown).message, HasSubstr("topic 'order' is not there"));
  for (const std::int32_t wrong : {-1, 0, 257}) {
    EXPECT_EQ(refusal(repartition(wrong)).kind, ErrorKind::invalid);
    EXPECT_THAT(refusal(repartition(wrong)).message, HasSubstr("1 to 256"));
  }
  const auto service = process("&declare=no");
  EXPECT_THAT(refusal(service->operations().topology->repartition("orders", 2)).message, HasSubstr("declare=no"));
  const auto same = repartition(4);
  ASSERT_TRUE(same) << same.error().message;
  EXPECT_TRUE(same->done);
  const auto declared = admin().declare({.topics = {{.name = "orders", .partitions = 8}}, .published = {}});
  ASSERT_FALSE(declared);
  EXPECT_THAT(declared.error().message, HasSubstr("`tidings topics repartition orders 8` changes it"));
}

TEST_F(RepartitionBrokerTest, OneChangeIsEndedBeforeTheNext) {
  declare(4);
  const auto member = start("one");
  EXPECT_FALSE(repartition(8)->done);
  const Error other = refusal(repartition(2));
  EXPECT_EQ(other.kind, ErrorKind::conflict);
  EXPECT_THAT(other.message, HasSubstr("`tidings topics repartition orders 8` until that is done"));
  const auto concerns = admin().operations().topology->concerns().value();
  ASSERT_EQ(concerns.size(), 1u);
  EXPECT_THAT(concerns[0].what, HasSubstr("being changed from 4 to 8"));
  EXPECT_THAT(concerns[0].remedy, HasSubstr("`tidings topics repartition orders 8`"));
  EXPECT_TRUE(admin().declare({.topics = {{.name = "orders", .partitions = 8}}, .published = {}})) << "it will be so";
}

TEST_F(RepartitionBrokerTest, AGroupThatIsRemovedMeanwhileLeavesNothing) {
  declare(2);
  start("one").reset();
  publish();
  EXPECT_FALSE(repartition(3)->done);
  publish();
  const auto removed = admin().operations().topology->remove_group("g");
  ASSERT_TRUE(removed) << removed.error().message;
  for (const auto& made : {queues(0, 2), queues(1, 3)}) {
    for (const std::string& queue : made.read) EXPECT_FALSE(is_there(queue)) << queue;
  }
  EXPECT_TRUE(repartition(3)->done);
}

TEST_F(RepartitionBrokerTest, AGroupThatNeverHadAMemberLosesNothing) {
  declare(2);
  const transport::SubscriptionSpec readers{.group = "g", .topic = "orders"};
  ASSERT_TRUE(admin().operations().topology->create_group(readers));
  publish();
  const auto begun = repartition(4);
  ASSERT_TRUE(begun) << begun.error().message;
  ASSERT_EQ(begun->held_by.size(), 1u);
  EXPECT_EQ(begun->held_by[0].unsettled, std::uint64_t{kKeys});
  publish();
  finish(4);
  expect_everything_is_handled();
}

TEST_F(RepartitionBrokerTest, AnAdministratorMakesWhatServicesNeedMeanwhile) {
  declare(2);
  auto service = process("&declare=no");
  const auto member = start("one");
  EXPECT_FALSE(repartition(4)->done);
  const transport::SubscriptionSpec readers{.group = "g", .topic = "orders"};
  ASSERT_TRUE(admin().operations().topology->create_group(readers));
  for (const std::string& queue : queues(1, 4).read) EXPECT_TRUE(is_there(queue)) << queue;
  EXPECT_TRUE(is_there(retries_of(queues(1, 4).name, 3'600'000)));
  const auto joined = service->consumer({.group = "g", .instance = "two", .topic = "orders"});
  EXPECT_TRUE(joined) << joined.error().message;
}

TEST_F(RepartitionBrokerTest, EventsOfOthersThatSayNoSlotAreCounted) {
  declare(3);
  const auto member = start("one");
  publish();
  const auto send_bare = [&](const std::string& id) {
    const auto sent = broker().ask([&](Link& link, Channel channel) {
      amqp_basic_properties_t properties{};
      properties._flags = AMQP_BASIC_MESSAGE_ID_FLAG | AMQP_BASIC_HEADERS_FLAG;
      properties.message_id = bytes_of(id);
      amqp_table_entry_t key{.key = bytes_of("aggregate_id"), .value = {}};
      key.value.kind = AMQP_FIELD_KIND_UTF8;
      key.value.value.bytes = bytes_of("key-x");
      properties.headers = {.num_entries = 1, .entries = &key};
      return link.publish(channel, broker().names().events(), "orders", properties, "{}");
    });
    ASSERT_TRUE(sent) << sent.error().message;
  };
  ASSERT_TRUE(eventually([&] { return handled().count() == kKeys; }));
  EXPECT_EQ(lag().unkeyed, 0u);
  send_bare("1");
  send_bare("2");
  ASSERT_TRUE(eventually([&] { return handled().count() == kKeys + 2; }));
  EXPECT_EQ(lag().unkeyed, 2u);
}

}  // namespace
}  // namespace tidings::rabbitmq
