#include "transport/rabbitmq/secure_amqp_here.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "tests/support/server_script.hpp"
#include "transport/rabbitmq/rabbitmq_transport.hpp"

namespace tidings::rabbitmq {

using tidings::testing::first_line;
using transport::Transport;

namespace {

std::string folder_given() {
  const char* given = std::getenv("TIDINGS_RABBITMQ_SECURE");
  return given != nullptr ? given : RABBITMQ_SECURE_BROKER;
}

}  // namespace

void SecureAmqpHere::SetUp() {
  folder_ = folder_given();
  if (port().empty()) {
    GTEST_SKIP() << "no server: run it by ctest, or set TIDINGS_RABBITMQ_SECURE to a folder of scripts/rabbitmq up "
                    "--secure";
  }
  prefix_ = fmt::format("t{:08x}.", executor_->random() & 0xffff'ffffu);
}

std::string SecureAmqpHere::url(const std::string& way) const {
  return first_line(folder_ + "/urls/" + way) + "&prefix=" + prefix_;
}

std::string SecureAmqpHere::url_of(const std::string& address, const std::string& user, const std::string& options,
                                   const std::string& vhost) const {
  const std::string who = user.empty() ? "" : user + "@";
  const std::string password = user.empty() ? "" : "&password_file=" + secret(user + ".password");
  return fmt::format("amqps://{}{}:{}/{}?prefix={}&{}{}", who, address, port(), vhost, prefix_, options, password);
}

std::string SecureAmqpHere::secret_text(const std::string& name) const {
  return first_line(secret(name));
}

std::string SecureAmqpHere::port() const {
  return first_line(folder_ + "/tls");
}

std::string SecureAmqpHere::plain_port() const {
  const std::string url = first_line(folder_ + "/url");
  return url.substr(url.rfind(':') + 1, url.rfind('/') - url.rfind(':') - 1);
}

Result<std::unique_ptr<Transport>> SecureAmqpHere::open(const std::string& url) const {
  const auto parsed = transport::parse_url(url);
  if (!parsed) return parsed.error();
  return open_rabbitmq(*parsed, executor_);
}

Error SecureAmqpHere::refusal(const std::string& url) const {
  const auto opened = open(url);
  EXPECT_FALSE(opened) << url;
  const Error error = opened ? Error{} : opened.error();
  for (const char* name : {"admin.password", "stranger.password", "client.passphrase"}) {
    EXPECT_THAT(error.message, ::testing::Not(::testing::HasSubstr(secret_text(name))));
  }
  return error;
}

void SecureAmqpHere::ctl(const std::vector<std::string>& arguments) const {
  std::vector<std::string> all{"ctl", folder_};
  all.insert(all.end(), arguments.begin(), arguments.end());
  tidings::testing::run_script(RABBITMQ_SCRIPT, std::move(all));
}

transport::Declaration SecureAmqpHere::orders() {
  return {.topics = {{.name = "orders", .partitions = 1}}, .published = {{"OrderCreated", "orders"}}};
}

Result<void> SecureAmqpHere::publish(Transport& transport) const {
  auto publisher = transport.publisher({.deliver_within = std::chrono::seconds{20}});
  if (!publisher) return publisher.error();
  Result<void> outcome = unavailable("not answered");
  transport::Record record{.topic = "orders", .key = "k", .id = "1", .type = "OrderCreated", .body = "{}"};
  (*publisher)->send({std::move(record)}, [&](std::size_t, Result<void> answered) { outcome = std::move(answered); });
  EXPECT_TRUE((*publisher)->flush(soon()));
  return outcome;
}

void SecureAmqpHere::receive_and_settle(transport::Consumer& consumer, transport::Outcome outcome) const {
  const Time deadline = soon();
  while (executor_->now() < deadline) {
    auto batch = consumer.receive(1, deadline);
    ASSERT_TRUE(batch) << batch.error().message;
    if (batch->deliveries.empty()) continue;
    const auto settled =
        settle_now(consumer, *executor_, {{.token = batch->deliveries.front().token, .outcome = std::move(outcome)}})
            .front();
    EXPECT_TRUE(settled) << settled.error().message;
    return;
  }
  FAIL() << "nothing came";
}

void SecureAmqpHere::pass_an_event(Transport& transport) const {
  const auto declared = transport.declare(orders());
  ASSERT_TRUE(declared) << declared.error().message;
  const auto consumer = transport.consumer(readers());
  ASSERT_TRUE(consumer) << consumer.error().message;
  const auto published = publish(transport);
  ASSERT_TRUE(published) << published.error().message;
  receive_and_settle(**consumer);
}

}  // namespace tidings::rabbitmq
