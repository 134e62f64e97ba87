#include "service/settle/blanks.hpp"

#include <gtest/gtest.h>

namespace tidings::service {
namespace {

SettlingPtr used() {
  auto settling = std::make_unique<Settling>();
  settling->delivery.memory = std::make_shared<int>(1);
  settling->envelope.correlation_id = std::string(10'000, 'x');
  settling->envelope.metadata["tenant"] = "a";
  settling->verdict = {.step = Step::buried,
                       .reason = Reason::failed,
                       .outcome = transport::Bury{.reason = "failed", .error = "no", .attempts = {}},
                       .error = unavailable("no")};
  settling->publishes.push_back({.topic = "t"});
  settling->confirms = true;
  settling->attempt = settling->refusals = 3;
  settling->took = std::chrono::seconds{1};
  return settling;
}

std::vector<SettlingPtr> many(std::size_t count) {
  std::vector<SettlingPtr> settlings;
  while (settlings.size() < count) settlings.push_back(used());
  return settlings;
}

// What one event came to must not stand in what the next one comes to.
TEST(Blanks, AreAsNewButForTheirDeliveryAndEnvelope) {
  Blanks blanks;
  auto settlings = many(1);
  const Settling* known = settlings.front().get();
  blanks.give_back(settlings);
  const SettlingPtr again = blanks.take();
  ASSERT_EQ(again.get(), known);
  EXPECT_EQ(again->verdict.step, Step::accepted);
  EXPECT_EQ(again->verdict.reason, Reason::none);
  EXPECT_TRUE(std::holds_alternative<transport::Accept>(again->verdict.outcome));
  EXPECT_FALSE(again->verdict.error);
  EXPECT_TRUE(again->publishes.empty());
  EXPECT_FALSE(again->confirms);
  EXPECT_EQ(again->attempt, 0);
  EXPECT_EQ(again->refusals, 0);
  EXPECT_EQ(again->took, Duration::zero());
}

// P9
TEST(Blanks, KeepNoMemoryOfWhatTheyWere) {
  Blanks blanks;
  auto settlings = many(1);
  const std::weak_ptr<const void> memory = settlings.front()->delivery.memory;
  blanks.give_back(settlings);
  EXPECT_TRUE(memory.expired()) << "at once, not when it is used again";
  const SettlingPtr again = blanks.take();
  EXPECT_LE(again->envelope.correlation_id.capacity(), Blanks::kBlankBytesMax);
  EXPECT_TRUE(again->envelope.metadata.empty());
}

// P9
TEST(Blanks, AreNoMoreThanSoMany) {
  Blanks blanks;
  auto settlings = many(Blanks::kBlanksMax + 10);
  blanks.give_back(settlings);
  EXPECT_TRUE(settlings.empty());
  EXPECT_EQ(blanks.size(), Blanks::kBlanksMax);
}

}  // namespace
}  // namespace tidings::service
