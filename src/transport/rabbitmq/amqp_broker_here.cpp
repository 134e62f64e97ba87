#include "transport/rabbitmq/amqp_broker_here.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "tidings/transport/url.hpp"

namespace tidings::rabbitmq {

namespace {

// TIDINGS_RABBITMQ_URL, or that of the server which ctest started. Empty: there is none.
std::string server_url() {
  if (const char* given = std::getenv("TIDINGS_RABBITMQ_URL")) return given;
  std::ifstream file{RABBITMQ_BROKER "/url"};
  std::string url;
  std::getline(file, url);
  return url;
}

}  // namespace

std::shared_ptr<Broker> open_broker(const std::string& url, const std::string& prefix,
                                    std::shared_ptr<Executor> executor) {
  const auto parsed = transport::parse_url(url);
  EXPECT_TRUE(parsed) << parsed.error().message;
  auto options = options_from(parsed.value());
  EXPECT_TRUE(options) << options.error().message;
  options->prefix = prefix;
  auto opened = Broker::open(*options, std::move(executor));
  EXPECT_TRUE(opened) << opened.error().message;
  return opened.value_or(nullptr);
}

void AmqpBrokerHere::SetUp() {
  if (server_url().empty()) GTEST_SKIP() << "no server: run it by ctest, or set TIDINGS_RABBITMQ_URL";
  prefix_ = fmt::format("t{:08x}.", executor_->random() & 0xffff'ffffu);
  broker_ = open();
  ASSERT_TRUE(broker_);
  const std::string foreign = broker_->names().foreign_letters();
  queues_ = {broker_->names().control(), dead_letters_of(foreign), discarded_of(foreign)};
  exchanges_ = {broker_->names().events(), broker_->names().foreign_exchange()};
}

void AmqpBrokerHere::TearDown() {
  if (!broker_) return;
  for (const std::string& queue : queues_) {
    EXPECT_TRUE(broker_->ask([&](Link& link, Channel channel) { return link.delete_queue(channel, queue); }));
  }
  for (const std::string& exchange : exchanges_) {
    EXPECT_TRUE(broker_->ask([&](Link& link, Channel channel) { return link.delete_exchange(channel, exchange); }));
  }
}

std::vector<transport::Delivery> AmqpBrokerHere::receive(transport::Consumer& from, std::size_t count) {
  std::vector<transport::Delivery> received;
  const Time deadline = soon();
  while (received.size() < count && executor_->now() < deadline) {
    auto batch = from.receive(count - received.size(), deadline);
    EXPECT_TRUE(batch) << batch.error().message;
    if (batch) std::ranges::move(batch->deliveries, std::back_inserter(received));
  }
  EXPECT_EQ(received.size(), count);
  return received;
}

std::shared_ptr<Broker> AmqpBrokerHere::open() {
  return open_broker(server_url(), prefix_, executor_);
}

}  // namespace tidings::rabbitmq
