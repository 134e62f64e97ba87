#include "service/records/outputs.hpp"

#include <gmock/gmock.h>

#include <ctime>

#include "service/sample_service.hpp"
#include "tidings/uuid.hpp"

namespace tidings::service {
namespace {

class OutputsTest : public ::testing::Test {
 protected:
  Outputs outputs() {
    return {{.envelope = cause_, .subscription = "g/orders", .replay_id = {}, .key = "k"}, encoder_, *executor_};
  }
  static std::string derived(std::string_view type, std::string_view key, std::uint64_t ordinal) {
    return derived_id(
        {.event_id = "cause", .subscription = "g/orders", .type = type, .key = key, .ordinal = ordinal, .replay = {}});
  }

  const std::shared_ptr<Executor> executor_ = thread_executor();
  const transport::Capabilities capabilities_{.scheme = "none", .record_bytes_max = 1u << 20};
  const Encoder encoder_{"g", event_types<Placed, PlacedV3, Paid>(), capabilities_};
  const Envelope cause_{.id = "cause", .type = "Started", .aggregate_id = "k"};
};

// P7: what an id is derived from does not depend on what else is published.
TEST_F(OutputsTest, AreCountedWithinTypeAndKey) {
  Outputs outputs = this->outputs();
  const Placed placed;
  const PlacedV3 newer;
  const Paid paid;
  ASSERT_TRUE(outputs.add(event_type<Placed>(), &placed, {}));
  ASSERT_TRUE(outputs.add(event_type<Paid>(), &paid, {}));
  ASSERT_TRUE(outputs.add(event_type<PlacedV3>(), &newer, {}));  // the same words
  ASSERT_TRUE(outputs.add(event_type<Placed>(), &placed, {.id = "given"}));
  ASSERT_TRUE(outputs.add(event_type<Placed>(), &placed, {.aggregate_id = "other"}));
  ASSERT_TRUE(outputs.add(event_type<Placed>(), &placed, {.key = "k"}));
  ASSERT_FALSE(outputs.add(event_type<SendEmail>(), &placed, {}));
  ASSERT_TRUE(outputs.add(event_type<Paid>(), &paid, {}));
  std::vector<std::string> ids;
  for (const transport::Record& record : outputs.records()) ids.push_back(record.id);
  EXPECT_THAT(ids, ::testing::ElementsAre(derived("OrderPlaced", "k", 0), derived("PaymentCompleted", "k", 0),
                                          derived("OrderPlaced", "k", 1), "given", derived("OrderPlaced", "other", 0),
                                          derived("OrderPlaced", "k", 3), derived("PaymentCompleted", "k", 1)));
}

// What one output costs does not grow with those before it: the processor's time, so that a loaded machine does not
// matter.
TEST_F(OutputsTest, CostTheSameHoweverManyThereAre) {
  constexpr std::size_t kPart = 1'000;
  constexpr int kTries = 5;
  const Paid paid;
  const auto spent = [&](Outputs& outputs, std::size_t count) {
    const std::clock_t begin = std::clock();
    for (std::size_t i = 0; i < count; ++i) EXPECT_TRUE(outputs.add(event_type<Paid>(), &paid, {}));
    return std::clock() - begin;
  };
  bool steady = false;
  for (int i = 0; i < kTries && !steady; ++i) {
    Outputs outputs = this->outputs();
    const std::clock_t first = spent(outputs, kPart);
    spent(outputs, kOutputsMax - 2 * kPart);
    steady = spent(outputs, kPart) < 3 * first;
  }
  EXPECT_TRUE(steady);
}

}  // namespace
}  // namespace tidings::service
