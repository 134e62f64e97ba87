#include "transport/kafka/secure_broker.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "transport/kafka/client/token_command.hpp"
#include "transport/kafka/kafka_transport.hpp"

namespace tidings::kafka {

using transport::Transport;

namespace {

constexpr int kScramVersion = 0x020601ff;

std::string first_line(const std::string& path) {
  std::ifstream file{path};
  std::string line;
  std::getline(file, line);
  return line;
}

std::string folder_given() {
  const char* given = std::getenv("TIDINGS_KAFKA_SECURE");
  return given != nullptr ? given : KAFKA_SECURE_BROKER;
}

}  // namespace

bool can_do_scram() {
  return rd_kafka_version() >= kScramVersion;
}

void SecureBroker::SetUp() {
  folder_ = folder_given();
  if (first_line(folder_ + "/listeners").empty()) {
    GTEST_SKIP() << "no broker: run it by ctest, or set TIDINGS_KAFKA_SECURE to a folder of scripts/kafka up --secure";
  }
  prefix_ = fmt::format("t{:08x}.", executor_->random() & 0xffff'ffffu);
}

std::string SecureBroker::url(const std::string& way) const {
  return first_line(folder_ + "/urls/" + way) + "&create_topics=yes&prefix=" + prefix_;
}

std::string SecureBroker::url_of(const std::string& listener, const std::string& options) const {
  std::ifstream file{folder_ + "/listeners"};
  std::string name, hosts;
  while (file >> name >> hosts) {
    if (name == listener) return fmt::format("kafka://{}?prefix={}&{}", hosts, prefix_, options);
  }
  return "no listener " + listener;
}

std::string SecureBroker::secret_text(const std::string& name) const {
  return first_line(secret(name));
}

Result<std::unique_ptr<Transport>> SecureBroker::open(const std::string& url) const {
  const auto parsed = transport::parse_url(url);
  if (!parsed) return parsed.error();
  return open_kafka(*parsed, executor_);
}

Error SecureBroker::refusal(const std::string& url) const {
  const auto opened = open(url);
  EXPECT_FALSE(opened) << url;
  const Error error = opened ? Error{} : opened.error();
  for (const char* name : {"admin.password", "guest.password", "client.passphrase"}) {
    EXPECT_THAT(error.message, ::testing::Not(::testing::HasSubstr(secret_text(name))));
  }
  return error;
}

void SecureBroker::give(const std::string& operations, const std::string& of, const std::string& name) const {
  std::string command =
      fmt::format("{} acls {} --add --allow-principal User:guest --resource-pattern-type prefixed --{} {}",
                  KAFKA_SCRIPT, folder_, of, prefix_ + name);
  std::istringstream words{operations};
  for (std::string operation; words >> operation;) command += " --operation " + operation;
  const auto said = run_token_command(command, *executor_, std::chrono::seconds{60});
  ASSERT_TRUE(said) << command;
}

Result<void> SecureBroker::publish(Transport& transport, const std::string& topic) const {
  auto publisher = transport.publisher({});
  if (!publisher) return publisher.error();
  Result<void> outcome = unavailable("not answered");
  transport::Record record{.topic = topic, .key = "k", .id = "1", .type = "Ordered", .body = "{}"};
  (*publisher)->send({std::move(record)}, [&](std::size_t, Result<void> answered) { outcome = std::move(answered); });
  EXPECT_TRUE((*publisher)->flush(soon()));
  return outcome;
}

Result<transport::Delivery> SecureBroker::receive(transport::Consumer& consumer) const {
  const Time deadline = soon();
  while (executor_->now() < deadline) {
    auto batch = consumer.receive(1, deadline);
    if (!batch) return batch.error();
    if (!batch->deliveries.empty()) return std::move(batch->deliveries.front());
  }
  return unavailable("nothing came");
}

void SecureBroker::pass_an_event(Transport& transport, const std::string& group) const {
  const auto declared = transport.declare({.topics = {{.name = "orders"}}, .published = {}});
  ASSERT_TRUE(declared) << declared.error().message;
  const auto published = publish(transport);
  ASSERT_TRUE(published) << published.error().message;
  const auto consumer = transport.consumer({.group = group, .instance = "one", .topic = "orders"});
  ASSERT_TRUE(consumer) << consumer.error().message;
  const auto delivery = receive(**consumer);
  ASSERT_TRUE(delivery) << delivery.error().message;
  const auto settled = settle(**consumer, *delivery, transport::Accept{});
  EXPECT_TRUE(settled) << settled.error().message;
}

Result<void> SecureBroker::settle(transport::Consumer& consumer, const transport::Delivery& delivery,
                                  transport::Outcome outcome) const {
  return settle_now(consumer, *executor_, {{.token = delivery.token, .outcome = std::move(outcome)}}).front();
}

}  // namespace tidings::kafka
