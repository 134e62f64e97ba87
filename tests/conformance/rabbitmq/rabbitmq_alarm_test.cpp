// D15, D4: a server that takes no messages, because its memory or its disk is full: publishers wait here, consumers go
// on, and who is asked to stop meanwhile does.
#include <algorithm>
#include <atomic>

#include "tests/conformance/rabbitmq/rabbitmq_failures.hpp"

namespace tidings::conformance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// What `rabbitmqctl` is told, at its beginning and at its end.
struct AlarmSpec {
  std::vector<std::string> raise;
  std::vector<std::string> clear;
};
const AlarmSpec kMemory{{"set_vm_memory_high_watermark", "0.0001"},
                        {"set_vm_memory_high_watermark", "absolute", "1GB"}};
const AlarmSpec kDisk{{"set_disk_free_limit", "1000000GB"}, {"set_disk_free_limit", "50MB"}};

class Alarm final {
 public:
  Alarm(const RabbitmqServers& servers, const AlarmSpec& spec) : servers_{servers}, spec_{spec} {
    servers_.ctl(spec_.raise);
  }
  ~Alarm() { servers_.ctl(spec_.clear); }
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

 private:
  const RabbitmqServers& servers_;
  const AlarmSpec spec_;
};

struct Answers {
  std::atomic<std::size_t> confirmed = 0;
  std::atomic<std::size_t> overloaded = 0;
  std::atomic<std::size_t> other = 0;

  void take(const Result<void>& outcome) {
    if (outcome) {
      ++confirmed;
    } else {
      ++(outcome.error().kind == ErrorKind::overloaded ? overloaded : other);
    }
  }
};

class RabbitmqAlarm : public RabbitmqFailures {
 protected:
  static std::vector<Order> orders(int count, const std::string& prefix, milliseconds takes = {}) {
    std::vector<Order> orders;
    for (int i = 0; i < count; ++i) {
      const std::string key = "k" + std::to_string(i % 8);
      orders.push_back({{.number = i, .takes = takes}, prefix + key, prefix + std::to_string(i)});
    }
    return orders;
  }

  void expect_to_outlast(const AlarmSpec& spec) {
    constexpr std::size_t kBuffer = 50;
    constexpr int kBefore = 60, kDuring = 100;
    keep_at_most(kBuffer);
    work();
    for (int i = 0; i < kBefore; i += 30) send(orders(30, "before-" + std::to_string(i) + "-", milliseconds{50}));
    const auto answers = std::make_shared<Answers>();
    {
      const Alarm alarm{servers(), spec};
      ASSERT_LT(count("end"), static_cast<std::size_t>(kBefore)) << "there must be something left to go on with";
      send_async(orders(kDuring, "during-"), [answers](const Result<void>& outcome) { answers->take(outcome); });
      EXPECT_EQ(answers->overloaded, kDuring - kBuffer) << "at once, and nobody waited";
      EXPECT_TRUE(within(kBefore * milliseconds{50}, [&] { return count("end") == kBefore; }))
          << "consumers go on: " << count("end");
      pass(long_run() ? Duration{seconds{20}} : 3 * kHeartbeat);  // blocked connections stay
      EXPECT_EQ(answers->confirmed, 0u) << "this alarm alarms nobody";
    }
    const auto flushed = flush();
    ASSERT_TRUE(flushed) << flushed.error().message;
    EXPECT_EQ(answers->confirmed, kBuffer);
    EXPECT_EQ(answers->other, 0u);
    ASSERT_TRUE(settled());
    EXPECT_EQ(count("end"), kBefore + kBuffer) << "each, and each once";
    EXPECT_THAT(disorder(entries()), IsEmpty());
    EXPECT_THAT(dead_letters(), IsEmpty());
    EXPECT_TRUE(running("worker"));
  }
};

TEST_P(RabbitmqAlarm, P9PublishersWaitAndConsumersGoOnWhileTheMemoryIsFull) {
  expect_to_outlast(kMemory);
}

TEST_P(RabbitmqAlarm, P9PublishersWaitAndConsumersGoOnWhileTheDiskIsFull) {
  expect_to_outlast(kDisk);
}

// Nothing can be noted meanwhile, of a member that comes least of all. What waits is settled: that may end the alarm.
TEST_P(RabbitmqAlarm, P9ServicesThatStartWhileTheMemoryIsFullSettleWhatWaits) {
  constexpr int kFirst = 8, kSecond = 40, kThird = 8;
  work({.instance = "first"});
  send(orders(kFirst, "a-"));
  ASSERT_TRUE(settled());
  ASSERT_TRUE(stop("first"));
  send(orders(kSecond, "b-"));
  auto view = fixture().open("");
  ASSERT_TRUE(view) << view.error().message;
  const auto operations = (*view)->operations();
  {
    const Alarm alarm{servers(), kMemory};
    const auto waiting = operations.topology->lag();
    ASSERT_TRUE(waiting) << waiting.error().message;
    EXPECT_EQ(waiting->front().unsettled, static_cast<std::uint64_t>(kSecond));
    const auto concerns = operations.topology->concerns();
    ASSERT_TRUE(concerns) << concerns.error().message;
    ASSERT_THAT(*concerns, SizeIs(1));
    EXPECT_THAT(concerns->front().what, ::testing::HasSubstr("takes no messages"));
    for (const auto* instance : {"second", "third"}) work({.instance = instance});
    ASSERT_TRUE(within(kBackWithin, [&] { return count("end") == kFirst + kSecond; })) << count("end");
  }
  send(orders(kThird, "c-"));
  ASSERT_TRUE(settled());
  EXPECT_EQ(count("end"), kFirst + kSecond + kThird) << "each, and each once";
  EXPECT_THAT(disorder(entries()), IsEmpty());
  const auto is_noted = [&] {
    const auto groups = operations.topology->groups();
    return groups && groups->size() == 1 && groups->front().members.size() == 2 &&
           std::ranges::all_of(groups->front().members, [](const auto& member) { return member.partitions == 2; });
  };
  EXPECT_TRUE(within(kBackWithin, is_noted));
  EXPECT_THAT(*operations.topology->concerns(), IsEmpty());
}

// P8: what handlers published cannot be confirmed. It is given up with the connection, and done again by others.
TEST_P(RabbitmqAlarm, P8ADrainEndsAtItsDeadlineThoughNothingIsConfirmed) {
  constexpr int kCount = 4;
  constexpr seconds kStopWithin{2};
  work({.instance = "first", .concurrency = kCount, .stop_within = kStopWithin});
  std::vector<Order> some = orders(kCount, "", milliseconds{1'500});
  for (Order& order : some) order.task.publishes = 1;
  send(some);
  ASSERT_TRUE(within(seconds{1}, [&] { return count("begin") == kCount; }));
  {
    const Alarm alarm{servers(), kMemory};
    ASSERT_TRUE(within(seconds{2}, [&] { return count("end") == kCount; }));
    const Time asked = now();
    (void)try_stop("first");  // it may say that not all was settled
    std::cout << "stopped after " << std::chrono::duration_cast<milliseconds>(now() - asked).count() << " ms"
              << std::endl;
    EXPECT_FALSE(running("first"));
    EXPECT_LT(now() - asked, kPatience * kStopWithin);
    EXPECT_THAT(published(), IsEmpty()) << "this alarm alarms nobody";
  }
  work({.instance = "second", .concurrency = kCount});
  ASSERT_TRUE(settled());
  EXPECT_THAT(output_ids(), SizeIs(kCount));
  for (const Entry& entry : entries("end")) EXPECT_EQ(entry.attempt, 1) << entry.id << ": no event pays for it";
  EXPECT_THAT(dead_letters(), IsEmpty());
}

std::unique_ptr<Fixture> make_fixture(Room) {
  return std::make_unique<RabbitmqFixture>(std::make_unique<RabbitmqServers>());
}

INSTANTIATE_TEST_SUITE_P(Rabbitmq, RabbitmqAlarm, ::testing::Values(Driver{"rabbitmq", make_fixture}), driver_name);

}  // namespace
}  // namespace tidings::conformance
