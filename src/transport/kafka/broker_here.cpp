#include "transport/kafka/broker_here.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>

#include "tidings/transport/url.hpp"
#include "transport/kafka/publish/producer.hpp"

namespace tidings::kafka {

namespace {

// TIDINGS_KAFKA_URL, or that of the broker which ctest started. Empty: there is none.
std::string broker_url() {
  if (const char* given = std::getenv("TIDINGS_KAFKA_URL")) return given;
  std::ifstream file{KAFKA_BROKER "/url"};
  std::string url;
  std::getline(file, url);
  return url;
}

}  // namespace

void BrokerHere::SetUp() {
  if (broker_url().empty()) GTEST_SKIP() << "no broker: run it by ctest, or set TIDINGS_KAFKA_URL";
  prefix_ = fmt::format("t{:08x}.", executor_->random() & 0xffff'ffffu);
  cluster_ = open();
  ASSERT_TRUE(cluster_);
}

std::shared_ptr<Cluster> BrokerHere::open(CreateTopics create) {
  const auto url = transport::parse_url(broker_url());
  EXPECT_TRUE(url) << url.error().message;
  auto options = options_from(url.value());
  EXPECT_TRUE(options) << options.error().message;
  options->prefix = prefix_;
  options->create_topics = create;
  options->partitions = 4;
  auto opened = Cluster::open(*options, executor_);
  EXPECT_TRUE(opened) << opened.error().message;
  return opened.value_or(nullptr);
}

void BrokerHere::send(const std::string& topic, const std::vector<transport::Record>& records,
                      const std::optional<Copy>& copy) {
  const auto producer = Producer::open(cluster_, {});
  ASSERT_TRUE(producer) << producer.error().message;
  std::vector<Message> messages;
  for (const auto& record : records) {
    const auto answered = [](const Result<void>& outcome) { EXPECT_TRUE(outcome) << outcome.error().message; };
    messages.push_back({.topic = topic, .record = record, .copy = copy, .partition = {}, .answered = answered});
  }
  (*producer)->send(std::move(messages));
  EXPECT_TRUE((*producer)->flush(soon()));
  (*producer)->close(soon());
}

}  // namespace tidings::kafka
