// The broker of scripts/kafka up --secure that the tests of security run against: the one that ctest starts for them,
// or that of the folder TIDINGS_KAFKA_SECURE.
#pragma once

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <vector>

#include "tidings/transport/transport.hpp"
#include "transport/kafka/client/cluster.hpp"

namespace tidings::kafka {

// librdkafka before 2.6.1 cannot authenticate by SCRAM to Kafka 4 (connection_fault.cpp).
bool can_do_scram();

// Each test has a deployment of its own: a prefix, of which alone user `guest` can be given rights.
class SecureBroker : public ::testing::Test {
 protected:
  void SetUp() override;

  // A URL of the script's for that way in (tls, mutual-tls, plain, ...), with the test's prefix.
  std::string url(const std::string& way) const;
  // With these options, to that listener.
  std::string url_of(const std::string& listener, const std::string& options) const;
  std::string secret(const std::string& name) const { return folder_ + "/secrets/" + name; }
  std::string secret_text(const std::string& name) const;
  std::string tls() const { return "tls_ca=" + secret("ca.pem"); }
  std::string user(const std::string& name, const std::string& mechanism = "plain") const {
    return "sasl=" + mechanism + "&user=" + name + "&password_file=" + secret(name + ".password");
  }

  Result<std::unique_ptr<transport::Transport>> open(const std::string& url) const;
  // What open() says; the test fails where it opens.
  Error refusal(const std::string& url) const;
  // Of user `admin`, without encryption: what the tests themselves need.
  std::unique_ptr<transport::Transport> admin() const { return open(url_of("PLAINTEXT", "create_topics=yes")).value(); }
  // To `guest`, by Kafka's `kafka-acls`: of all topics, groups or transactional ids whose names begin with the test's
  // prefix and this.
  void give(const std::string& operations, const std::string& of = "topic", const std::string& name = {}) const;

  // Publishes one event to `orders`, and has a consumer that joins `group` receive and settle it.
  void pass_an_event(transport::Transport& transport, const std::string& group = "readers") const;
  Result<void> publish(transport::Transport& transport, const std::string& topic = "orders") const;
  Result<transport::Delivery> receive(transport::Consumer& consumer) const;
  Result<void> settle(transport::Consumer& consumer, const transport::Delivery& delivery,
                      transport::Outcome outcome) const;

  Executor& executor() const { return *executor_; }
  Time soon() const { return executor_->now() + std::chrono::seconds{30}; }
  const std::string& prefix() const { return prefix_; }

 private:
  const std::shared_ptr<Executor> executor_ = thread_executor();
  std::string folder_;
  std::string prefix_;
};

}  // namespace tidings::kafka
