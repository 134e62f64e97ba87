#include "transport/rabbitmq/repartition_here.hpp"

#include <algorithm>
#include <cstdlib>

#include "transport/rabbitmq/format/amqp_retry_ladder.hpp"
#include "transport/rabbitmq/format/message.hpp"

namespace tidings::rabbitmq {

using tidings::testing::eventually;

void HandledOrders::add(const std::string& key, int number) {
  const std::lock_guard lock{mutex_};
  std::vector<int>& numbers = all_[key];
  if (std::ranges::find(numbers, number) == numbers.end()) numbers.push_back(number);
}

std::map<std::string, std::vector<int>> HandledOrders::all() {
  const std::lock_guard lock{mutex_};
  return all_;
}

std::size_t HandledOrders::count() {
  std::size_t count = 0;
  for (const auto& [key, numbers] : all()) count += numbers.size();
  return count;
}

OrderMember::OrderMember(transport::Transport& by, Executor& executor, std::string instance, HandledOrders& handled)
    : consumer_{by.consumer({.group = "g", .instance = std::move(instance), .topic = "orders"}).value()},
      thread_{executor.spawn("member", [this, &executor, &handled] { run(executor, handled); })} {}

OrderMember::~OrderMember() {
  stopping_ = true;
  consumer_->wake();
  thread_.reset();
}

std::string OrderMember::trouble() {
  const std::lock_guard lock{mutex_};
  return trouble_;
}

void OrderMember::run(Executor& executor, HandledOrders& handled) {
  while (!stopping_) {
    auto batch = consumer_->receive(100, executor.now() + std::chrono::milliseconds{100});
    if (!batch) {
      const std::lock_guard lock{mutex_};
      trouble_ = batch.error().message;
      continue;
    }
    std::vector<transport::Settlement> settlements;
    for (const transport::Delivery& delivery : batch->deliveries) {
      handled.add(std::string{*delivery.record.key}, std::stoi(std::string{delivery.record.id}));
      settlements.push_back({.token = delivery.token, .outcome = transport::Accept{}});
    }
    (void)settle_now(*consumer_, executor, std::move(settlements));
  }
}

Repeatedly::Repeatedly(Executor& executor, std::function<void()> what)
    : thread_{executor.spawn("repeatedly", [this, what = std::move(what)] {
        while (!stopping_) what();
      })} {}

Repeatedly::~Repeatedly() {
  stopping_ = true;
  thread_.reset();
}

void RepartitionHere::SetUp() {
  AmqpBrokerHere::SetUp();
  if (IsSkipped()) return;
  const Names& names = broker().names();
  remove_queue_afterwards(names.history("orders"));
  remove_exchange_afterwards(names.topic("orders"));
  for (std::uint32_t generation = 0; generation < 3; ++generation) {
    const std::string name = queues(generation, 1).name;
    for (const auto* ending : {"", ".dlq", ".dlq.discarded"}) remove_queue_afterwards(name + ending);
    for (const auto step : kRetrySteps) remove_queue_afterwards(retries_of(name, step.count()));
    for (int i = 0; i < 8; ++i) remove_queue_afterwards(name + "." + std::to_string(i));
    remove_exchange_afterwards(name);
    remove_exchange_afterwards(others_of(name));
  }
  admin_ = process();
  members_ = process();
}

void RepartitionHere::TearDown() {
  publisher_.reset();
  admin_.reset();
  members_.reset();
  AmqpBrokerHere::TearDown();
}

void RepartitionHere::declare(std::int32_t partitions) {
  const auto declared = admin().declare({.topics = {{.name = "orders", .partitions = partitions}}, .published = {}});
  ASSERT_TRUE(declared) << declared.error().message;
  publisher_ = admin().publisher({}).value();
}

std::unique_ptr<transport::Transport> RepartitionHere::process(const std::string& options, const std::string& fault) {
  const auto& server = broker().options().servers.front();
  const auto url =
      "amqp://" + server.host + ":" + std::to_string(server.port) + "/?prefix=" + broker().options().prefix + options;
  if (!fault.empty()) ::setenv("TIDINGS_FAULT", fault.c_str(), 1);
  auto opened = open_rabbitmq(transport::parse_url(url).value(), shared_executor());
  ::unsetenv("TIDINGS_FAULT");
  return *std::move(opened);
}

std::unique_ptr<OrderMember> RepartitionHere::start(const std::string& instance) {
  return std::make_unique<OrderMember>(*members_, executor(), instance, handled_);
}

void RepartitionHere::publish() {
  std::vector<transport::Record> records;
  for (int key = 0; key < kKeys; ++key) {
    records.push_back({.topic = "orders",
                       .key = "key-" + std::to_string(key),
                       .id = std::to_string(rounds_.load()),
                       .type = "OrderCreated",
                       .body = "{}"});
  }
  publisher_->send(std::move(records),
                   [](std::size_t, const Result<void>& outcome) { EXPECT_TRUE(outcome) << outcome.error().message; });
  EXPECT_TRUE(publisher_->flush(soon()));
  ++rounds_;
}

std::map<std::string, std::vector<int>> RepartitionHere::published() const {
  std::vector<int> numbers(static_cast<std::size_t>(rounds_.load()));
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<int>(i);
  std::map<std::string, std::vector<int>> published;
  for (int key = 0; key < kKeys; ++key) published["key-" + std::to_string(key)] = numbers;
  return published;
}

Result<transport::Repartition> RepartitionHere::repartition(std::int32_t partitions) {
  return admin().operations().topology->repartition("orders", partitions);
}

void RepartitionHere::finish(std::int32_t partitions) {
  const bool is_done = eventually([&] {
    const auto change = repartition(partitions);
    EXPECT_TRUE(change) << change.error().message;
    if (!change || change->done) return true;
    const auto member = start("finisher");
    return !eventually([&] {
      const auto again = repartition(partitions);
      return again && again->held_by.size() == 1 && again->held_by.front().unsettled == 0;
    });
  });
  EXPECT_TRUE(is_done);
}

SubscriptionQueues RepartitionHere::queues(std::uint32_t generation, std::int32_t count) const {
  return queues_of(in_generation(Names{prefix()}.queue_of_topic("g", "orders"), generation), count, QueueKind::quorum);
}

bool RepartitionHere::is_there(const std::string& queue) {
  bool is_there = false;
  const auto asked = broker().ask([&](Link& link, Channel channel) -> Result<void> {
    const auto looked = link.look_at_queue(channel, queue);
    is_there = static_cast<bool>(looked);
    return looked || looked.error().kind == ErrorKind::invalid ? Result<void>{} : looked.error();
  });
  EXPECT_TRUE(asked);
  return is_there;
}

void RepartitionHere::send(const std::string& exchange, const std::string& key, const transport::Record& record) {
  const auto sent = broker().ask([&](Link& link, Channel channel) {
    const Properties properties{record, {}, executor().now()};
    return link.publish(channel, exchange, key, properties.get(), record.body.value_or(""));
  });
  ASSERT_TRUE(sent) << sent.error().message;
}

}  // namespace tidings::rabbitmq
