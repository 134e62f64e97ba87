#include "service/plan/plan.hpp"

#include <gmock/gmock.h>

#include "service/sample_service.hpp"

namespace tidings::service {
namespace {

using std::chrono_literals::operator""s;
using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

const auto kIgnore = [](const auto&) {};
const auto kIgnoreAll = [](auto) { return std::vector<Result<void>>{}; };

class NoContext final : public Context {
 public:
  const Envelope& envelope() const override { return envelope_; }
  std::string_view topic() const override { return {}; }
  std::optional<std::string_view> key() const override { return std::nullopt; }
  int attempt() const override { return 1; }
  bool replayed() const override { return false; }
  Time now() const override { return {}; }
  std::stop_token stop() const override { return {}; }

 protected:
  Result<void> publish(const EventType&, const void*, PublishOptions) override { return {}; }
  void* transaction(std::type_index) override { return nullptr; }

 private:
  Envelope envelope_;
};

Result<std::vector<SubscriptionPlan>> planned(const Contract& contract, std::shared_ptr<Inbox> inbox = nullptr) {
  return make_plan(contract, {.group = "shop", .inbox = std::move(inbox)});
}

std::string faults_of(const Contract& contract, std::shared_ptr<Inbox> inbox = nullptr) {
  const auto plans = planned(contract, std::move(inbox));
  if (plans) return "(no fault)";
  EXPECT_EQ(plans.error().kind, ErrorKind::invalid);
  return plans.error().message;
}

// A26: all `on` of a group on one topic are one subscription; what one of them says of it holds for all.
TEST(Plan, MakesOneSubscriptionOfAGroupsHandlersOnATopic) {
  OpenContract contract;
  contract.on<Placed>(kIgnore, {.retry = {.attempts_max = 2}, .concurrency = 8});
  contract.on<PlacedV3>(kIgnore, {.order = RetryOrder::relaxed});
  contract.on<Paid>(kIgnore, {.group = "audit"});
  const auto plans = planned(contract);
  ASSERT_TRUE(plans) << plans.error().message;
  ASSERT_THAT(*plans, SizeIs(2));
  const SubscriptionPlan& orders = plans->front();
  EXPECT_EQ(orders.spec.group, "shop");
  EXPECT_EQ(orders.spec.topic, "orders");
  EXPECT_EQ(orders.concurrency, 8u);
  EXPECT_EQ(orders.rules.order, RetryOrder::relaxed);
  ASSERT_THAT(orders.handlers, SizeIs(2));
  EXPECT_EQ(orders.handlers[0].retry.attempts_max, 2);
  EXPECT_EQ(orders.handlers[1].retry.attempts_max, 5);
  EXPECT_EQ((*plans)[1].spec.group, "audit");
}

TEST(Plan, ReadsACommandFromItsDestination) {
  OpenContract contract;
  contract.on<SendEmail>(kIgnore);
  const auto plans = planned(contract);
  ASSERT_TRUE(plans);
  EXPECT_TRUE(plans->front().spec.command);
  EXPECT_EQ(plans->front().spec.topic, "emails");
}

// Vocabulary, "pattern": the topics that the service's own types name are read, and the listed ones.
TEST(Plan, GivesAPatternTheTopicsOfItsTypesAndTheListedOnes) {
  OpenContract contract;
  contract.on<Placed>(kIgnore, {.pattern = "order.*", .topics = {"foreign"}});
  const auto plans = planned(contract);
  ASSERT_TRUE(plans);
  EXPECT_THAT(plans->front().spec.extra_topics, testing::UnorderedElementsAre("orders", "foreign"));
}

TEST(Plan, RefusesDifferingValuesOfOneSubscription) {
  OpenContract contract;
  contract.on<Placed>(kIgnore, {.concurrency = 8, .in_flight_max = 5});
  contract.on<PlacedV3>(kIgnore, {.concurrency = 4, .in_flight_max = 5});
  EXPECT_THAT(faults_of(contract),
              AllOf(HasSubstr("1 fault"), HasSubstr("'shop' to 'orders'"), HasSubstr("concurrency differs")));
}

TEST(Plan, ReportsEveryFaultAtOnce) {
  OpenContract contract;
  contract.on<Placed>(kIgnore, {.retry = {.attempts_max = 0}, .timeout = 0s});
  contract.on<Placed>(kIgnore);
  contract.on<Paid>(kIgnore, {.topic = "a", .pattern = "b"});
  contract.on_any(kIgnore, {.group = "lost"});
  contract.on_batch<Paid>(kIgnoreAll, {.size = 0}, {.group = "batch"});
  const std::string faults = faults_of(contract);
  EXPECT_THAT(faults, HasSubstr("on<OrderPlaced>: "));
  EXPECT_THAT(faults, HasSubstr("timeout must be more than 0"));
  EXPECT_THAT(faults, HasSubstr("attempts_max"));
  EXPECT_THAT(faults, HasSubstr("of one type and version"));
  EXPECT_THAT(faults, HasSubstr("reads a topic and a pattern"));
  EXPECT_THAT(faults, HasSubstr("needs a topic or a pattern"));
  EXPECT_THAT(faults, HasSubstr("the batch's size is 0; give 1 to 10000"));
}

TEST(Plan, RefusesRangesThatDoNotHold) {
  OpenContract contract;
  contract.on<Placed>(kIgnore, {.concurrency = 1'025, .crash_attempts_max = 0, .in_flight_max = 0});
  EXPECT_THAT(faults_of(contract), AllOf(HasSubstr("concurrency is 1025; give 1 to 1024"),
                                         HasSubstr("crash_attempts_max is 0"), HasSubstr("in_flight_max is 0")));
}

TEST(Plan, TakesEachLimitToItsEnd) {
  OpenContract most;
  most.on<Placed>(kIgnore, {.concurrency = 1'024, .crash_attempts_max = 100, .in_flight_max = 100'000});
  most.on_batch<Paid>(kIgnoreAll, {.size = 10'000});
  EXPECT_EQ(faults_of(most), "(no fault)");
  OpenContract beyond;
  beyond.on<Placed>(kIgnore, {.concurrency = 0, .crash_attempts_max = 101, .in_flight_max = 100'001});
  beyond.on_batch<Paid>(kIgnoreAll, {.size = 10'001});
  EXPECT_THAT(faults_of(beyond), AllOf(HasSubstr("concurrency is 0; give 1 to 1024"),
                                       HasSubstr("crash_attempts_max is 101; give 1 to 100"),
                                       HasSubstr("in_flight_max is 100001; give 1 to 100000"),
                                       HasSubstr("the batch's size is 10001; give 1 to 10000")));
}

TEST(Plan, RefusesCommandsByPatternByBroadcastAndFromElsewhere) {
  OpenContract contract;
  contract.on<SendEmail>(kIgnore, {.pattern = "#"});
  contract.on<SendEmail>(kIgnore, {.group = "b", .sharing = transport::Sharing::broadcast});
  contract.on<SendEmail>(kIgnore, {.group = "c", .topic = "orders"});
  EXPECT_THAT(faults_of(contract), AllOf(HasSubstr("not matched by patterns"), HasSubstr("exactly one receiver"),
                                         HasSubstr("from its destination 'emails'")));
}

// Vocabulary: two subscriptions of one group that would read the same topic are invalid.
TEST(Plan, RefusesToReadATopicTwiceInOneGroup) {
  OpenContract contract;
  contract.publishes<Paid>();
  contract.on_any(kIgnore, {.pattern = "payment.#"});
  contract.on<Placed>(kIgnore, {.topic = "payments"});
  EXPECT_THAT(faults_of(contract), HasSubstr("would read topic 'payments' twice, through 'payment.#' and 'payments'"));

  OpenContract apart;
  apart.publishes<Paid>();
  apart.on_any(kIgnore, {.pattern = "payment.#"});
  apart.on<Placed>(kIgnore, {.group = "other", .topic = "payments"});
  EXPECT_EQ(faults_of(apart), "(no fault)");
}

TEST(Plan, RefusesAnInboxForBatchesAndBroadcasts) {
  const auto inbox = std::make_shared<NoInbox>();
  OpenContract contract;
  contract.on_batch<Paid>(kIgnoreAll, {}, {.inbox = inbox});
  contract.on<Placed>(kIgnore, {.sharing = transport::Sharing::broadcast, .inbox = inbox});
  EXPECT_THAT(faults_of(contract), AllOf(HasSubstr("a batch handler cannot have one"), HasSubstr("a broadcast")));
}

// P7: nobody loses the inbox that the service has without saying so.
TEST(Plan, RefusesABatchThatSilentlyHasNoInbox) {
  OpenContract contract;
  contract.on_batch<Paid>(kIgnoreAll);
  EXPECT_EQ(faults_of(contract), "(no fault)");
  EXPECT_THAT(faults_of(contract, std::make_shared<NoInbox>()), HasSubstr("set On::inbox = nullptr"));
}

TEST(Plan, TakesSharingFromTheHandlerThatGivesIt) {
  using transport::Sharing;
  OpenContract contract;
  contract.on<Placed>(kIgnore);
  contract.on<PlacedV3>(kIgnore, {.sharing = Sharing::broadcast});
  contract.on<Paid>(kIgnore);
  const auto plans = planned(contract);
  ASSERT_TRUE(plans) << plans.error().message;
  EXPECT_EQ((*plans)[0].spec.sharing, Sharing::broadcast);
  EXPECT_EQ((*plans)[1].spec.sharing, Sharing::shared);
  contract.on<Placed>(kIgnore, {.topic = "orders", .sharing = Sharing::shared});
  EXPECT_THAT(faults_of(contract), HasSubstr("sharing differs between its handlers"));
}

TEST(Plan, ReadsTheQueueThatAHandlerNames) {
  OpenContract contract;
  contract.on<Placed>(kIgnore, {.queue = "order_queue"});
  contract.on<PlacedV3>(kIgnore);
  const auto plans = planned(contract);
  ASSERT_TRUE(plans) << plans.error().message;
  EXPECT_EQ((*plans)[0].spec.queue, "order_queue");
  contract.on<Placed>(kIgnore, {.queue = "another"});
  EXPECT_THAT(faults_of(contract), HasSubstr("queue differs between its handlers"));
  OpenContract broadcast;
  broadcast.on<Placed>(kIgnore, {.queue = "order_queue", .sharing = transport::Sharing::broadcast});
  EXPECT_THAT(faults_of(broadcast), HasSubstr("a broadcast has a queue for each instance"));
}

TEST(Plan, GivesTheServicesInboxToThoseThatCanHaveOne) {
  const auto inbox = std::make_shared<NoInbox>();
  OpenContract contract;
  contract.on<Placed>(kIgnore);
  contract.on_batch<Paid>(kIgnoreAll, {}, {.inbox = nullptr});
  contract.on<Paid>(kIgnore, {.group = "cache", .sharing = transport::Sharing::broadcast});
  contract.on<Paid>(kIgnore, {.group = "plain", .inbox = nullptr});
  const auto plans = planned(contract, inbox);
  ASSERT_TRUE(plans) << plans.error().message;
  EXPECT_EQ((*plans)[0].inbox, inbox);
  EXPECT_EQ((*plans)[0].spec.in_flight_max, 4'096u);
  for (const std::size_t i : {1u, 2u, 3u}) EXPECT_EQ((*plans)[i].inbox, nullptr) << i;
}

TEST(Plan, FindsTheHandlerOfTheVersionOrTheNearest) {
  OpenContract contract;
  contract.on<Placed>(kIgnore);
  contract.on<PlacedV3>(kIgnore);
  contract.on_any(kIgnore, {.topic = "orders"});
  const auto plans = planned(contract);
  ASSERT_TRUE(plans) << plans.error().message;
  const auto label = [&](std::string_view type, int version) {
    return find_handler(plans->front(), type, version)->label;
  };
  EXPECT_EQ(label("OrderPlaced", 1), "on<OrderPlaced>");
  EXPECT_EQ(label("order.placed", 2), "on<OrderPlaced>");
  EXPECT_EQ(label("ORDER_PLACED", 3), "on<ORDER_PLACED v3>");
  EXPECT_EQ(label("OrderPlaced", 9), "on<ORDER_PLACED v3>");
  EXPECT_EQ(label("OrderShipped", 1), "on_any(orders)");
}

TEST(Plan, AnOlderEventGoesToTheOnlyNewerHandler) {
  OpenContract contract;
  contract.on<PlacedV3>(kIgnore);
  const auto plans = planned(contract);
  ASSERT_TRUE(plans);
  EXPECT_NE(find_handler(plans->front(), "OrderPlaced", 1), nullptr);
  EXPECT_EQ(find_handler(plans->front(), "OrderShipped", 1), nullptr);
}

TEST(Plan, DeclaresTopicsTypesAndDestinationsOnce) {
  OpenContract contract;
  contract.publishes<Paid, Placed, PlacedV3, SendEmail>();
  contract.on<Placed>(kIgnore);
  contract.on<SendEmail>(kIgnore);
  const auto plans = planned(contract);
  ASSERT_TRUE(plans);
  const transport::Declaration declaration = declaration_of(contract.published(), *plans);
  std::vector<std::string> topics;
  for (const auto& topic : declaration.topics) topics.push_back(topic.name + (topic.command ? "!" : ""));
  EXPECT_THAT(topics, testing::UnorderedElementsAre("payments", "orders", "emails!"));
  EXPECT_THAT(declaration.published, SizeIs(2));  // a command has no place in patterns
}

// A19
TEST(Plan, DeclaresWhatIsKeptOfATopic) {
  OpenContract contract;
  contract.publishes<Placed>({.retention = {.age = 3600s}});
  contract.publishes<PlacedV3>({.retention = {.bytes = 7}});
  contract.publishes<Paid>();
  const auto plans = planned(contract);
  ASSERT_TRUE(plans) << plans.error().message;
  const auto declaration = declaration_of(contract.published(), *plans, contract.topics());
  ASSERT_THAT(declaration.topics, SizeIs(2));
  EXPECT_EQ(declaration.topics[0].retention, (transport::Retention{.age = 3600s, .bytes = 7}));
  EXPECT_TRUE(declaration.topics[1].retention.empty());
}

TEST(Plan, RefusesRetentionsOfOneTopicThatDiffer) {
  OpenContract contract;
  contract.publishes<Placed>({.retention = {.age = 3600s}});
  contract.publishes<PlacedV3>({.retention = {.age = 7200s}});
  contract.publishes<Paid>({.retention = {.age = -1s}});
  const auto plans = planned(contract);
  ASSERT_FALSE(plans);
  EXPECT_THAT(plans.error().message,
              AllOf(HasSubstr("topic 'orders': retention.age differs between its types; give it once"),
                    HasSubstr("topic 'payments': retention.age is negative")));
}

TEST(Plan, WrapsTheHandlerWithTheLastOutermost) {
  std::string calls;
  OpenContract contract;
  contract.on<Placed>([&](const Placed&) { calls += "h"; });
  for (const char* name : {"a", "b"}) {
    contract.wrap([&calls, name](HandlerFunction next) -> HandlerFunction {
      return [&calls, name, next](const void* data, Context& context) {
        calls += name;
        return next(data, context);
      };
    });
  }
  const auto plans = planned(contract);
  ASSERT_TRUE(plans);
  const Placed event;
  NoContext context;
  ASSERT_TRUE(plans->front().handlers.front().run(&event, context));
  EXPECT_EQ(calls, "bah");
}

// Design, section 4: the effective pipeline is printed, stages in their order.
TEST(Plan, DescribesTheStagesInTheirOrder) {
  OpenContract contract;
  contract.on<Placed>(kIgnore, {.retry = {.attempts_max = 4}, .concurrency = 8});
  const auto plans = planned(contract);
  ASSERT_TRUE(plans);
  const std::string line = describe_plan(plans->front());
  std::size_t at = 0;
  for (const char* stage : {"shop <- orders: ", "settle", "dead letter", "quarantine", "decode", "retry (strict)",
                            "timeout", "wraps", "handler [on<OrderPlaced>: retry 4 x 1 s", "concurrency 8"}) {
    at = line.find(stage, at);
    ASSERT_NE(at, std::string::npos) << stage << " in " << line;
  }
}

}  // namespace
}  // namespace tidings::service
