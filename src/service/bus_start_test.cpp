// What a bus says at its start.
#include <gmock/gmock.h>

#include "operate/canned_transport.hpp"
#include "tidings/bus.hpp"
#include "tidings/testing/simulated_executor.hpp"

namespace tidings::service {
namespace {

// C12: what keeps a promise from holding is told, and no reason not to start.
TEST(BusStart, TellsHowTheDeploymentIsSet) {
  const auto canned = std::make_shared<operate::Canned>();
  canned->concerns = {{.subject = "orders.dlq", .what = "it forgets", .remedy = "keep more"}};
  std::vector<std::string> told;
  BusOptions options{.name = "shop"};
  options.on_trouble = [&](const Trouble& trouble) {
    if (trouble.then != Trouble::Then::left) return;
    told.push_back(std::string{trouble.subscription} + ": " + trouble.error.message);
  };
  Bus bus{std::make_shared<operate::CannedTransport>(canned), std::make_shared<testing::SimulatedExecutor>(1),
          std::move(options)};
  const auto started = bus.start();
  ASSERT_TRUE(started) << started.error().message;
  EXPECT_THAT(told, ::testing::ElementsAre("orders.dlq: it forgets; keep more"));
}

}  // namespace
}  // namespace tidings::service
