#include "transport/kafka/client/client_watch.hpp"

#include <gmock/gmock.h>

#include "tidings/testing/simulated_executor.hpp"
#include "transport/kafka/client/kafka_limits.hpp"

namespace tidings::kafka {
namespace {

using ::testing::HasSubstr;

constexpr int kError = 3, kInfo = 6;  // as syslog counts
constexpr const char* kRefused =
    "[thrd:sasl_ssl://here:9093/bootstrap]: sasl_ssl://here:9093/bootstrap: SASL authentication error: Authentication "
    "failed: Invalid username or password (after 3ms in state AUTH_REQ)";
constexpr const char* kHungUp =
    "[thrd:sasl_ssl://here:9093/bootstrap]: sasl_ssl://here:9093/bootstrap: SSL handshake failed: Disconnected: "
    "connecting to a PLAINTEXT broker listener? (after 3ms in state SSL_HANDSHAKE)";

class ClientWatchTest : public ::testing::Test {
 protected:
  std::string fault() const {
    const auto found = watch.fault();
    return found ? found->text : "";
  }

  const std::shared_ptr<tidings::testing::SimulatedExecutor> executor =
      std::make_shared<tidings::testing::SimulatedExecutor>(1);
  ClientWatch watch{{.tls = true, .sasl = Sasl::plain, .user = "anna"}, executor};
};

TEST_F(ClientWatchTest, WhatIsWrongWithAConnectionExplainsOtherFailuresForAWhile) {
  EXPECT_EQ(fault(), "");
  watch.hear(kError, kRefused);
  executor->run_for(kFaultFresh);
  EXPECT_THAT(fault(), HasSubstr("refuses user 'anna'"));
  executor->run_for(std::chrono::milliseconds{1});
  EXPECT_EQ(fault(), "");
}

TEST_F(ClientWatchTest, ASuspicionDoesNotHideWhatIsKnownAsLongAsThatIsFresh) {
  watch.hear(kError, kRefused);
  executor->run_for(kFaultFresh);
  watch.hear(kInfo, kHungUp);
  EXPECT_THAT(fault(), HasSubstr("refuses user"));
  executor->run_for(std::chrono::milliseconds{1});
  watch.hear(kInfo, kHungUp);
  EXPECT_THAT(fault(), HasSubstr("hung up"));
}

TEST_F(ClientWatchTest, OnceABrokerAnsweredNobodyIsSuspectedForHangingUp) {
  watch.reached();
  watch.hear(kInfo, kHungUp);
  EXPECT_EQ(fault(), "");
  watch.hear(kError, kRefused);
  EXPECT_THAT(fault(), HasSubstr("refuses user"));
}

TEST_F(ClientWatchTest, KeepsTheLastWordsOfWhatFails) {
  watch.hear(kError, "one");
  watch.hear(kError, "two");
  watch.hear(kInfo, "three");
  EXPECT_EQ(watch.last_words(), "two");
}

}  // namespace
}  // namespace tidings::kafka
