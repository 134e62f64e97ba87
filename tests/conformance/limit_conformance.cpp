// P9 and P10: a full deployment refuses publishes, keeps what was confirmed, and recovers when there is room.
#include <algorithm>
#include <set>

#include "tests/conformance/conformance.hpp"

namespace tidings::conformance {
namespace {

using transport::Record;

constexpr const char* kNotOurs = "the broker's disk and retention bound what it keeps (P9, the stated exception)";
constexpr std::size_t kBody = 64u << 10;
constexpr std::size_t kTriesMax = 2 * kScarceBytesMax / kBody;

Record bulky(int number) {
  Record record = numbered("orders", number, 10);
  record.body = std::string(kBody, 'x');
  return record;
}

TEST_P(LimitConformance, P9AFullDeploymentRefusesPublishesAndRecovers) {
  if (!capabilities().refuses_when_full) GTEST_SKIP() << kNotOurs;
  // Settled events are kept no longer than they must.
  declare({.topics = {{.name = "orders", .retention = {.age = unit()}}, {.name = "payments"}}, .published = {}});
  { auto reader = join("slow", "orders"); }
  int confirmed = 0;
  std::optional<Error> refusal;
  for (std::size_t i = 0; i < kTriesMax && !refusal; ++i) {
    const auto outcome = try_publish({bulky(confirmed)}).at(0);
    if (outcome) {
      ++confirmed;
    } else {
      refusal = outcome.error();
    }
  }
  ASSERT_TRUE(refusal) << "it took more than " << kTriesMax * kBody << " bytes";
  EXPECT_EQ(refusal->kind, ErrorKind::overloaded);
  EXPECT_THAT(refusal->message, ::testing::HasSubstr("slow")) << "it names the slowest group";

  // P1: what was confirmed is there, and it can be settled, though there is no room: with what its handler publishes,
  // or those who make room would wait for room for ever.
  auto reader = join("slow", "orders");
  int received = 0;
  while (received < confirmed) {
    const auto deliveries = reader.next(static_cast<std::size_t>(std::min(100, confirmed - received)), soon());
    ASSERT_FALSE(deliveries.empty()) << received << " of " << confirmed;
    for (const auto& delivery : deliveries) {
      const auto settled = reader.settle(delivery, transport::Accept{}, {numbered("payments", received++)});
      ASSERT_TRUE(settled) << settled.error().message;
    }
  }
  EXPECT_EQ(received, confirmed);
  EXPECT_EQ(history("payments").size(), static_cast<std::size_t>(confirmed));

  const Time until = deadline(kScarceCleaningMax / kPatience);
  bool recovered = false;
  while (!recovered && now() < until) {
    recovered = bool{try_publish({bulky(confirmed)}).at(0)};
    if (!recovered) executor().sleep_until(now() + unit());
  }
  EXPECT_TRUE(recovered);
}

// P1: which records of a batch are in, and which are not, is said of each.
TEST_P(LimitConformance, P9ABatchThatDoesNotFitIsAnsweredRecordByRecord) {
  if (!capabilities().refuses_when_full) GTEST_SKIP() << kNotOurs;
  constexpr int kBatch = 30;
  declare_topic("orders");
  { auto reader = join("slow", "orders"); }
  std::set<std::string> confirmed, there;
  bool refused = false;
  for (int first = 0; first < static_cast<int>(kTriesMax) && !refused; first += kBatch) {
    std::vector<Record> batch;
    for (int i = first; i < first + kBatch; ++i) batch.push_back(bulky(i));
    const auto outcomes = try_publish(batch);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (outcomes[i]) confirmed.insert(batch[i].id);
      if (outcomes[i]) continue;
      EXPECT_EQ(outcomes[i].error().kind, ErrorKind::overloaded) << outcomes[i].error().message;
      refused = true;
    }
  }
  EXPECT_TRUE(refused) << "it took more than there is room for";
  EXPECT_FALSE(confirmed.empty());
  for (const Record& record : history("orders")) there.insert(record.id);
  EXPECT_EQ(there, confirmed);
}

}  // namespace
}  // namespace tidings::conformance
