// The server of scripts/rabbitmq up --secure that the tests of security run against: the one that ctest starts for
// them, or that of the folder TIDINGS_RABBITMQ_SECURE.
#pragma once

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <vector>

#include "tidings/transport/transport.hpp"
#include "transport/rabbitmq/topology/broker.hpp"

namespace tidings::rabbitmq {

// Each test has a deployment of its own: a prefix.
class SecureAmqpHere : public ::testing::Test {
 protected:
  // Addresses of the port with TLS; scripts/rabbitmq-secure says which certificate each has.
  static constexpr const char *kGood = "127.0.0.1", *kExpired = "127.0.0.2", *kOtherHost = "127.0.0.3",
                              *kMutual = "127.0.0.4";

  void SetUp() override;

  // A URL of the script's for that way in (tls, mutual-tls, external), with the test's prefix.
  std::string url(const std::string& way) const;
  // Of that user, who may be empty, with his password.
  std::string url_of(const std::string& address, const std::string& user, const std::string& options,
                     const std::string& vhost = "") const;
  std::string secret(const std::string& name) const { return folder_ + "/secrets/" + name; }
  std::string secret_text(const std::string& name) const;
  std::string ca() const { return "tls_ca=" + secret("ca.pem"); }
  std::string port() const;
  std::string plain_port() const;

  Result<std::unique_ptr<transport::Transport>> open(const std::string& url) const;
  // What open() says; the test fails where it opens.
  Error refusal(const std::string& url) const;
  // By scripts/rabbitmq.
  void ctl(const std::vector<std::string>& arguments) const;

  static transport::Declaration orders();
  transport::SubscriptionSpec readers() const { return {.group = "readers", .instance = "one", .topic = "orders"}; }
  // Publishes one event to `orders`, and has a consumer that joins `readers` receive and settle it.
  void pass_an_event(transport::Transport& transport) const;
  Result<void> publish(transport::Transport& transport) const;
  void receive_and_settle(transport::Consumer& consumer, transport::Outcome outcome = transport::Accept{}) const;

  Executor& executor() const { return *executor_; }
  Time soon() const { return executor_->now() + std::chrono::seconds{30}; }
  const std::string& prefix() const { return prefix_; }

 private:
  const std::shared_ptr<Executor> executor_ = thread_executor();
  std::string folder_;
  std::string prefix_;
};

}  // namespace tidings::rabbitmq
