// A34: pull one, settle it, on a memory deployment and a virtual clock.
#include "tidings/delivery.hpp"

#include <gmock/gmock.h>

#include "service/sample_service.hpp"
#include "tidings/testing/simulated_executor.hpp"
#include "transport/event_record.hpp"
#include "transport/memory/memory_broker.hpp"

namespace tidings::service {
namespace {

using namespace std::chrono_literals;
using memory::Fault;
using memory::FaultPoint;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class DeliveryTest : public ::testing::Test {
 protected:
  static transport::SubscriptionSpec orders() { return {.group = "billing", .topic = "orders"}; }

  Puller puller(const transport::SubscriptionSpec& spec = orders()) { return puller_of(*ours_, spec); }
  Puller puller_of(transport::Transport& transport, const transport::SubscriptionSpec& spec = orders()) {
    auto opened = Puller::open(transport, *executor_, spec, {.observers = {[this](const Decision& decision) {
                                                               steps_.push_back(std::string{to_string(decision.step)} +
                                                                                " " + std::string{decision.event_id});
                                                             }}});
    EXPECT_TRUE(opened) << opened.error().message;
    return *std::move(opened);
  }

  void publish(std::string id, std::string key, std::string type = "OrderPlaced") {
    const Envelope envelope{.id = std::move(id), .type = std::move(type), .aggregate_id = std::move(key)};
    const Placed placed{envelope.aggregate_id, 7};
    auto record =
        transport::to_record({.topic = "orders", .envelope = envelope, .type = describe<Placed>(), .data = &placed},
                             Codecs{}.standard(), Profile::kafka);
    ASSERT_TRUE(record);
    publish(*std::move(record));
  }
  void publish(transport::Record record) {
    publisher_->send({std::move(record)}, [](std::size_t, Result<void> outcome) { EXPECT_TRUE(outcome); });
    ASSERT_TRUE(publisher_->flush(executor_->now() + 1s));
  }

  std::optional<Delivery> pull(Puller& puller, Duration within = 1s) {
    auto pulled = puller.pull(executor_->now() + within);
    EXPECT_TRUE(pulled) << pulled.error().message;
    return pulled ? *std::move(pulled) : std::nullopt;
  }
  // The id of the next one, which is accepted; empty: none.
  std::string accept_next(Puller& puller) {
    auto delivery = pull(puller);
    if (!delivery) return {};
    EXPECT_TRUE(delivery->accept());
    return delivery->envelope().id;
  }
  std::uint64_t unsettled() { return outside_->operations().topology->lag()->front().unsettled; }
  std::vector<transport::DeadLetter> letters() { return *outside_->operations().dead_letters->browse({}, "", 100); }

  std::shared_ptr<testing::SimulatedExecutor> executor_ = std::make_shared<testing::SimulatedExecutor>(7);
  std::shared_ptr<memory::MemoryBroker> broker_ = memory::MemoryBroker::make(executor_);
  std::unique_ptr<transport::Transport> outside_ = broker_->open("outside");
  bool declared_ = !!outside_->declare({.topics = {{.name = "orders", .partitions = 1}}});  // one order of all
  std::unique_ptr<transport::Publisher> publisher_ = *outside_->publisher({});
  std::unique_ptr<transport::Transport> ours_ = broker_->open("ours");
  std::vector<std::string> steps_;
};

TEST_F(DeliveryTest, IsPulledReadAndAcceptedOnce) {
  publish("e1", "k");
  Puller puller = this->puller();
  auto delivery = pull(puller);
  ASSERT_TRUE(delivery);
  EXPECT_EQ(delivery->envelope().id, "e1");
  EXPECT_EQ(delivery->envelope().aggregate_id, "k");
  EXPECT_EQ(delivery->record().topic, "orders");
  EXPECT_EQ(delivery->attempts(), transport::Attempts{});
  const auto placed = delivery->as<Placed>();
  ASSERT_TRUE(placed);
  EXPECT_EQ(placed->count, 7);
  EXPECT_EQ(unsettled(), 1u);
  ASSERT_TRUE(delivery->accept());
  EXPECT_EQ(unsettled(), 0u);
  EXPECT_EQ(delivery->accept().error().kind, ErrorKind::invalid);
  EXPECT_EQ(delivery->envelope().id, "e1") << "it can be read after it was settled";
  EXPECT_THAT(steps_, ElementsAre("accepted e1"));
}

TEST_F(DeliveryTest, IsNoneAtTheDeadline) {
  Puller puller = this->puller();
  const Time start = executor_->now();
  EXPECT_FALSE(pull(puller, 3s));
  EXPECT_EQ(executor_->now(), start + 3s);
  EXPECT_FALSE(pull(puller, -1s)) << "a deadline in the past waits for nothing";
  EXPECT_EQ(executor_->now(), start + 3s);
}

TEST_F(DeliveryTest, IsNoneInTimeThoughTheClockIsSetBack) {
  Puller puller = this->puller();
  for (const bool hangs : {false, true}) {
    if (hangs) broker_->cut_off("ours");
    const auto clock = executor_->spawn("clock", [&] {
      executor_->sleep_until(executor_->now() + 1s);
      executor_->jump(-5min);
    });
    const Duration begun = executor_->uptime();
    const auto pulled = puller.pull(executor_->now() + 3s);
    EXPECT_TRUE(!pulled || !*pulled);
    EXPECT_EQ(executor_->uptime() - begun, 3s);
  }
}

TEST_F(DeliveryTest, PublishesWithItsAcceptance) {
  ASSERT_TRUE(outside_->declare({.topics = {{.name = "payments"}}}));
  publish("e1", "k");
  Puller puller = this->puller();
  Puller payments = this->puller({.group = "billing", .topic = "payments"});
  auto delivery = pull(puller);
  ASSERT_TRUE(delivery->accept({{.topic = "payments", .key = "k", .id = "p1", .body = "{}"}}));
  EXPECT_EQ(accept_next(payments), "p1");
}

// A13, P7: as from a handler: inherited ids and key, one id whenever it is handled, and only with accept().
TEST_F(DeliveryTest, PublishesEventsOfItsStoryWithItsAcceptance) {
  publish("e1", "k");
  auto opened = Puller::open(*ours_, *executor_, orders(), {.publishes = event_types<Paid>()});
  ASSERT_TRUE(opened) << opened.error().message;
  Puller payments = puller({.group = "billing", .topic = "payments"});
  std::vector<std::string> ids;
  for (int run = 1; run <= 2; ++run) {
    auto delivery = pull(*opened);
    ASSERT_TRUE(delivery);
    ASSERT_TRUE(delivery->publish(Paid{run}));
    if (run == 1) {
      ASSERT_TRUE(delivery->retry_at(executor_->now() + 1s, RetryOrder::strict, unavailable("not now")));
      EXPECT_EQ(accept_next(payments), "") << "what a failed one published is dropped";
      publish("e1", "k");  // the same event again
      continue;
    }
    broker_->inject({.point = FaultPoint::settle});
    EXPECT_EQ(delivery->accept().error().kind, ErrorKind::unavailable);
    ASSERT_TRUE(delivery->accept()) << "what it published is still there";
    EXPECT_EQ(delivery->publish(Paid{3}).error().kind, ErrorKind::invalid);
  }
  ASSERT_TRUE(pull(*opened)->publish(Paid{2}));
  auto again = pull(*opened);
  ASSERT_TRUE(again) << "released, and pulled again";
  ASSERT_TRUE(again->publish(Paid{2}));
  ASSERT_TRUE(again->accept());
  for (int i = 0; i < 2; ++i) {
    auto payment = pull(payments);
    ASSERT_TRUE(payment);
    EXPECT_EQ(payment->as<Paid>()->cents, 2);
    EXPECT_EQ(payment->envelope().causation_id, "e1");
    EXPECT_EQ(payment->envelope().aggregate_id, "k");
    EXPECT_EQ(payment->record().key, "k");
    ids.push_back(payment->envelope().id);
    ASSERT_TRUE(payment->accept());
  }
  EXPECT_EQ(ids[0], ids[1]);
}

TEST_F(DeliveryTest, PublishesDeclaredTypesOnly) {
  publish("e1", "k");
  Puller puller = this->puller();
  auto delivery = pull(puller);
  EXPECT_THAT(delivery->publish(Paid{1}).error().message, HasSubstr("add publishes<PaymentCompleted>()"));
}

// P4: the next of a key is not pulled before the one at hand is settled; other keys are.
TEST_F(DeliveryTest, ComesInOrderOfItsKey) {
  publish("a1", "a");
  publish("a2", "a");
  publish("b1", "b");
  Puller puller = this->puller();
  auto first = pull(puller);
  auto other = pull(puller);
  ASSERT_TRUE(first && other);
  EXPECT_EQ(first->envelope().id, "a1");
  EXPECT_EQ(other->envelope().id, "b1");
  EXPECT_FALSE(pull(puller));
  ASSERT_TRUE(first->accept());
  EXPECT_EQ(accept_next(puller), "a2");
}

// P4: what was received behind a released one goes back with it.
TEST_F(DeliveryTest, IsReleasedWhenItIsDestroyedAndComesAgainInOrder) {
  for (const char* id : {"a1", "a2", "a3"}) publish(id, "a");
  Puller puller = this->puller();
  {
    auto first = pull(puller);
    EXPECT_FALSE(pull(puller)) << "a2 waits behind a1";
  }
  EXPECT_THAT(steps_, ::testing::Contains("released a1"));
  auto again = pull(puller);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->envelope().id, "a1");
  EXPECT_EQ(again->attempts().failed, 0) << "charged nothing";
  ASSERT_TRUE(again->accept());
  EXPECT_EQ(accept_next(puller), "a2");
  EXPECT_EQ(accept_next(puller), "a3");
  EXPECT_EQ(unsettled(), 0u);
}

// P4, P5: a strict retry holds its key, is counted, and is pulled again in time.
TEST_F(DeliveryTest, ComesAgainWhenItsStrictRetryIsDue) {
  publish("a1", "a");
  publish("a2", "a");
  publish("b1", "b");
  Puller puller = this->puller();
  const Time due = executor_->now() + 10s;
  ASSERT_TRUE(pull(puller)->retry_at(due, RetryOrder::strict, unavailable("not now")));
  EXPECT_EQ(accept_next(puller), "b1");
  EXPECT_FALSE(pull(puller)) << "a2 waits behind a1";
  auto again = pull(puller, 1min);
  ASSERT_TRUE(again);
  EXPECT_EQ(executor_->now(), due);
  EXPECT_EQ(again->envelope().id, "a1");
  EXPECT_EQ(again->attempts().failed, 1);
  EXPECT_EQ(again->attempts().last_error, "not now");
  ASSERT_TRUE(again->accept());
  EXPECT_EQ(accept_next(puller), "a2");
}

TEST_F(DeliveryTest, LetsLaterOnesPassItsRelaxedRetry) {
  publish("a1", "a");
  publish("a2", "a");
  Puller puller = this->puller();
  ASSERT_TRUE(pull(puller)->retry_at(executor_->now() + 10s, RetryOrder::relaxed, unavailable("not now")));
  EXPECT_EQ(accept_next(puller), "a2");
  auto again = pull(puller, 1min);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->envelope().id, "a1");
  EXPECT_EQ(again->attempts().failed, 1);
}

TEST_F(DeliveryTest, IsADeadLetterWithItsReason) {
  publish("a1", "a");
  publish({.topic = "orders", .key = "a", .id = "a2", .type = "OrderPlaced", .body = R"({"data":{"count":"x"}})"});
  Puller puller = this->puller();
  ASSERT_TRUE(pull(puller)->dead_letter(Reason::failed, unavailable("never")));
  auto bad = pull(puller);
  ASSERT_TRUE(bad);
  const auto placed = bad->as<Placed>();
  ASSERT_FALSE(placed);
  EXPECT_THAT(placed.error().message, HasSubstr("data.count"));
  ASSERT_TRUE(bad->dead_letter(Reason::undecodable, placed.error()));
  ASSERT_THAT(letters(), SizeIs(2));
  EXPECT_EQ(letters()[0].reason, "failed");
  EXPECT_EQ(letters()[0].error, "never");
  EXPECT_EQ(letters()[0].attempts, 1) << "it ran";
  EXPECT_EQ(letters()[1].reason, "undecodable");
  EXPECT_EQ(letters()[1].attempts, 0) << "it did not run";
  EXPECT_EQ(unsettled(), 0u);
}

TEST_F(DeliveryTest, IsSkippedByTheCallerOrOutsideThePattern) {
  publish("1", "a", "OrderPlaced");
  publish("2", "b", "PaymentCompleted");
  Puller puller = this->puller({.group = "billing", .pattern = "order.*", .extra_topics = {"orders"}});
  auto delivery = pull(puller);
  ASSERT_TRUE(delivery);
  EXPECT_EQ(delivery->envelope().type, "OrderPlaced");
  ASSERT_TRUE(delivery->skip(Reason::unhandled));
  EXPECT_FALSE(pull(puller));
  EXPECT_THAT(steps_, ElementsAre("skipped 1", "skipped 2"));
  EXPECT_EQ(unsettled(), 0u);
}

// P9: a named limit.
TEST_F(DeliveryTest, IsRefusedWhenAsManyAreUnsettledAsMayRun) {
  for (const char* id : {"1", "2", "3"}) publish(id, id);
  Puller puller = this->puller({.group = "billing", .topic = "orders", .running_max = 2});
  auto first = pull(puller);
  auto second = pull(puller);
  const auto third = puller.pull(executor_->now() + 1s);
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().kind, ErrorKind::overloaded);
  EXPECT_THAT(third.error().message, HasSubstr("running_max"));
  ASSERT_TRUE(first->accept());
  EXPECT_EQ(accept_next(puller), "3");
}

// P5: what was unsettled when the process died comes alone; what kills again and again is a dead letter.
TEST_F(DeliveryTest, ComesAloneAfterACrashAndIsBuriedAfterThree) {
  publish("poison", "a");
  publish("innocent", "b");
  for (int life = 0; life < 4; ++life) {
    auto process = broker_->open("life-" + std::to_string(life));
    Puller puller = puller_of(*process);
    auto one = pull(puller, 10s);
    ASSERT_TRUE(one);
    EXPECT_EQ(one->envelope().id, "poison");
    EXPECT_EQ(one->attempts().crashes, std::max(life - 1, 0));
    if (life > 0) {
      EXPECT_FALSE(pull(puller)) << "a suspect runs alone";
    }
    broker_->crash("life-" + std::to_string(life));
    EXPECT_EQ(one->accept().error().kind == ErrorKind::conflict || one->accept().error().kind == ErrorKind::unavailable,
              true);
  }
  Puller puller = this->puller();
  auto rest = pull(puller, 10s);
  ASSERT_TRUE(rest);
  EXPECT_EQ(rest->envelope().id, "innocent");
  ASSERT_THAT(letters(), SizeIs(1));
  EXPECT_EQ(letters()[0].reason, "crashed");
}

// P4: others have it, and with it what waits behind it in its key.
TEST_F(DeliveryTest, IsNotPulledBeforeASuspectWhoseMarkIsRefused) {
  for (const char* id : {"e1", "e2", "e3"}) publish(id, id == std::string{"e1"} ? "a" : "k");
  const auto dead = broker_->open("dead");
  Puller first = puller_of(*dead);
  const auto died_with = std::array{pull(first), pull(first)};
  ASSERT_TRUE(died_with[0] && died_with[1]);
  broker_->crash("dead");

  Puller puller = this->puller();
  auto alone = pull(puller);
  ASSERT_TRUE(alone);
  EXPECT_EQ(alone->envelope().id, "e1");
  EXPECT_FALSE(pull(puller)) << "the others wait for the suspect";
  ASSERT_TRUE(alone->accept());
  broker_->inject({.point = FaultPoint::settle, .harm = memory::Harm::cut_off, .process = "ours"});
  EXPECT_FALSE(puller.pull(executor_->now() + 1s)) << "cut off";
  EXPECT_THAT(steps_, ElementsAre("marked e1", "accepted e1", "refused e2"));
  broker_->restore("ours");
  EXPECT_EQ(accept_next(puller), "e2");
  EXPECT_EQ(accept_next(puller), "e3");
}

TEST_F(DeliveryTest, IsNotOursAnyMoreWhenItsPullerIsGone) {
  publish("e1", "k");
  std::optional<Delivery> left;
  {
    Puller puller = this->puller();
    left = pull(puller);
    ASSERT_TRUE(left);
  }
  EXPECT_EQ(left->record().id, "e1") << "its bytes stay valid";
  EXPECT_EQ(left->retry_at(Time{}, RetryOrder::strict, unavailable("x")).error().kind, ErrorKind::conflict);
  Puller next = this->puller();
  EXPECT_EQ(accept_next(next), "e1");
}

// P10
TEST_F(DeliveryTest, SurvivesTheLossOfItsTransport) {
  publish("e1", "k");
  publish("e2", "k");
  Puller puller = this->puller();
  auto delivery = pull(puller);
  ASSERT_TRUE(delivery);
  broker_->inject({.point = FaultPoint::settle});
  EXPECT_EQ(delivery->accept().error().kind, ErrorKind::unavailable);
  EXPECT_TRUE(delivery->accept()) << "it was still unsettled";
  broker_->cut_off("ours");
  const Time deadline = executor_->now() + 5s;
  const auto nothing = puller.pull(deadline);
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().kind, ErrorKind::unavailable);
  EXPECT_GE(executor_->now(), deadline) << "it paces who pulls in a loop";
  broker_->restore("ours");
  EXPECT_EQ(accept_next(puller), "e2");
}

// P2, P4: a release that the transport did not take is not forgotten.
TEST_F(DeliveryTest, IsGivenBackByTheNextPullWhenItCouldNotBeBefore) {
  publish("a1", "a");
  publish("a2", "a");
  Puller puller = this->puller();
  broker_->inject({.point = FaultPoint::settle});
  EXPECT_EQ(pull(puller)->release().error().kind, ErrorKind::unavailable);
  EXPECT_EQ(accept_next(puller), "a1");
  EXPECT_EQ(accept_next(puller), "a2");
}

TEST_F(DeliveryTest, IsNotPulledWithOptionsOutOfRange) {
  EXPECT_EQ(Puller::open(*ours_, *executor_, {.group = "g", .topic = "orders", .running_max = 0}).error().kind,
            ErrorKind::invalid);
  const auto opened = Puller::open(*ours_, *executor_, orders(), {.crash_attempts_max = 0});
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr("crash_attempts_max is 0"));
}

}  // namespace
}  // namespace tidings::service
