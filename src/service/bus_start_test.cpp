// What a bus says at its start.
#include <gmock/gmock.h>

#include <future>

#include "operate/canned_transport.hpp"
#include "service/sample_service.hpp"
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

// C13
TEST(BusStart, TellsWhatRetentionTookFromAGroup) {
  const auto canned = std::make_shared<operate::Canned>();
  canned->notice = {
      .kind = transport::Notice::Kind::expired, .partitions = {{"orders", 3}, {"orders", 4}}, .records = 7};
  std::promise<std::string> told;
  BusOptions options{.name = "shop"};
  options.on_trouble = [&](const Trouble& trouble) {
    if (trouble.doing == "receive" && trouble.then == Trouble::Then::left) told.set_value(trouble.error.message);
  };
  Bus bus{std::make_shared<operate::CannedTransport>(canned), thread_executor(), std::move(options)};
  bus.on<Placed>([](const Placed&) {});
  const auto started = bus.start();
  ASSERT_TRUE(started) << started.error().message;
  auto message = told.get_future();
  ASSERT_EQ(message.wait_for(std::chrono::seconds{20}), std::future_status::ready);
  EXPECT_THAT(message.get(), ::testing::HasSubstr("removed 7 events of orders/3, orders/4"));
}

}  // namespace
}  // namespace tidings::service
