// C17: the broker's log directory is full. Publishes are refused, what was confirmed stays, and all goes on when there
// is room again.
#include <atomic>
#include <iostream>
#include <mutex>
#include <set>

#include "tests/conformance/kafka/kafka_failures.hpp"

namespace tidings::conformance {
namespace {

using std::chrono::seconds;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr int kRoomMegabytes = 48;
constexpr std::size_t kBodyBytes = 200'000;
constexpr int kBatch = 8;
constexpr int kBatchesMax = 2 * kRoomMegabytes * 1'000'000 / static_cast<int>(kBodyBytes) / kBatch;

class KafkaFullDisk : public KafkaFailures {
 protected:
  struct Answers {
    std::mutex mutex;
    std::set<std::string> confirmed;
    std::vector<Error> refused;
  };

  // No compression makes it smaller.
  std::string noise() {
    std::string text(kBodyBytes, ' ');
    for (char& c : text) c = static_cast<char>('a' + executor().random() % 26);
    return text;
  }
  void publish_batch() {
    for (int i = 0; i < kBatch; ++i, ++next_) {
      const Order order{{.number = next_, .throws = noise()}, "k" + std::to_string(next_ % 3)};
      send_async({order}, [answers = answers_, id = id_of(order)](const Result<void>& outcome) {
        const std::lock_guard lock{answers->mutex};
        if (outcome) answers->confirmed.insert(id);
        if (!outcome) answers->refused.push_back(outcome.error());
      });
    }
    static_cast<void>(flush());
  }
  std::set<std::string> confirmed() const {
    const std::lock_guard lock{answers_->mutex};
    return answers_->confirmed;
  }
  std::vector<Error> refused() const {
    const std::lock_guard lock{answers_->mutex};
    return answers_->refused;
  }

 private:
  const std::shared_ptr<Answers> answers_ = std::make_shared<Answers>();
  int next_ = 0;
};

TEST_P(KafkaFullDisk, P10AFullLogDirectoryRefusesPublishesAndKeepsWhatWasConfirmed) {
  try_for(seconds{4});
  work({.concurrency = 4});
  for (int batch = 0; batch < kBatchesMax && refused().empty(); ++batch) publish_batch();
  ASSERT_FALSE(refused().empty()) << "it was not full";
  ASSERT_FALSE(confirmed().empty());
  for (const Error& error : refused()) {
    EXPECT_THAT(error.kind, AnyOf(ErrorKind::unavailable, ErrorKind::overloaded));
    EXPECT_THAT(error.message, Not(HasSubstr("tls"))) << "it was reached before";
  }
  std::cout << confirmed().size() << " confirmed, then: " << refused().front().message << std::endl;
  ASSERT_TRUE(within(seconds{3}, [&] { return !brokers().is_running(); })) << "a broker ends whose only disk is full";

  brokers().make_room(8 * kRoomMegabytes);
  brokers().start();
  const std::size_t before = confirmed().size();
  ASSERT_TRUE(within(seconds{4}, [&] {
    publish_batch();
    return confirmed().size() > before;
  })) << refused().back().message;
  publish_batch();
  ASSERT_TRUE(settled("shop", seconds{4}));
  EXPECT_TRUE(running("worker"));

  std::set<std::string> there, handled;
  for (const auto& record : history(kTasks)) EXPECT_TRUE(there.insert(record.id).second) << record.id << " twice";
  for (const Entry& entry : entries("end")) handled.insert(entry.id);
  for (const std::string& id : confirmed()) {
    EXPECT_TRUE(there.contains(id)) << id << " is lost";
    EXPECT_TRUE(handled.contains(id)) << id << " was not handled";
  }
  EXPECT_THAT(overtaking(entries(), history(kTasks)), IsEmpty());
  EXPECT_THAT(dead_letters(), IsEmpty());
}

std::unique_ptr<Fixture> make_fixture(Room) {
  return std::make_unique<KafkaFixture>(
      std::make_unique<KafkaBrokers>(KafkaBrokersSpec{.room_megabytes = kRoomMegabytes}), kFewSuspects);
}

INSTANTIATE_TEST_SUITE_P(Kafka, KafkaFullDisk, ::testing::Values(Driver{"kafka", make_fixture}), driver_name);

}  // namespace
}  // namespace tidings::conformance
