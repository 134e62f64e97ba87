// E1, E2: a process that is stopped (SIGSTOP) or killed in the midst of a read or a write of the store.
#include <gmock/gmock.h>

#include <csignal>
#include <filesystem>

#include "tests/support/child_process.hpp"
#include "transport/local/storage/limits.hpp"
#include "transport/local/store_lab.hpp"

namespace tidings::local {
namespace {

using testing::ChildProcess;
using ::testing::HasSubstr;

constexpr std::uint64_t kSizeMax = 4u << 20;
// The reserve is sixteen times as much, and for settling and cleaning: no publish may have taken of it.
constexpr std::uint64_t kFileMax = 2 * kSizeMax;
static_assert(kFileMax < reserve_of(kSizeMax));

class StoppedProcessTest : public StoreLab {
 protected:
  StoppedProcessTest() : StoreLab{{{"size_max", std::to_string(kSizeMax)}, {"sync", "none"}}} {
    declare({.name = "orders", .retention = {.age = 1us}});
  }

  // A process that has this of the store: "gate" (its writer) or "state" (one that it reads).
  ChildProcess holder_of(const std::string& what) const {
    ChildProcess holder{{.program = LOCAL_LOCK_HOLDER, .arguments = {directory_, what}}};
    EXPECT_TRUE(holder.wait_for_output("holding")) << holder.error_output();
    return holder;
  }
  Result<void> send(int number, std::size_t bytes, Duration within = 10s) {
    Result<void> answer = unavailable("no answer");
    const auto publisher = transport_->publisher({.deliver_within = within}).value();
    publisher->send({numbered(number, bytes)}, [&](std::size_t, Result<void> outcome) { answer = std::move(outcome); });
    EXPECT_TRUE(publisher->flush(late()));
    return answer;
  }
  // Lets so many bytes pass through: publishes, settles, has them cleaned. Stops at a publish that is refused for
  // longer than the cleaner needs.
  Result<void> pass(transport::Consumer& consumer, std::uint64_t bytes) {
    constexpr std::size_t kEvent = 20'000;
    Result<void> sent;
    for (std::uint64_t passed = 0; passed < bytes && sent; passed += kEvent) {
      const Time until = executor_->now() + 2s;
      do {
        sent = send(++sent_, kEvent);
      } while (!sent && executor_->now() < until);
      if (sent) settle(consumer, receive(consumer, 1));
    }
    return sent;
  }
  std::uintmax_t file_bytes() const { return std::filesystem::file_size(directory_ + "/data.mdb"); }

  int sent_ = 0;
};

TEST_F(StoppedProcessTest, AReaderLetsTheFileGrowNoFurtherThanSizeMaxAndIsNamed) {
  const auto consumer = join({.group = "g", .topic = "orders"});
  ASSERT_TRUE(pass(*consumer, kSizeMax / 8));
  ChildProcess reader = holder_of("state");
  reader.send(SIGSTOP);
  const auto refused = pass(*consumer, 4 * kSizeMax);
  ASSERT_FALSE(refused) << "nothing of what was freed may be used again";
  EXPECT_EQ(refused.error().kind, ErrorKind::overloaded);
  const std::string pid = std::to_string(reader.pid());
  EXPECT_THAT(refused.error().message, HasSubstr("process " + pid + " is stopped in the midst of a read"));
  EXPECT_THAT(refused.error().message, HasSubstr("kill -CONT " + pid));
  EXPECT_LT(file_bytes(), kFileMax);
  reader.send(SIGKILL);
  const auto after = pass(*consumer, 4 * kSizeMax);
  EXPECT_TRUE(after) << after.error().message;
  EXPECT_LT(file_bytes(), kFileMax);
}

TEST_F(StoppedProcessTest, AReaderThatWasKilledKeepsNothing) {
  const auto consumer = join({.group = "g", .topic = "orders"});
  ASSERT_TRUE(pass(*consumer, kSizeMax / 8));
  for (int i = 0; i < 3; ++i) holder_of("state").send(SIGKILL);
  const auto passed = pass(*consumer, 4 * kSizeMax);
  EXPECT_TRUE(passed) << passed.error().message;
  EXPECT_LT(file_bytes(), kFileMax);
}

TEST_F(StoppedProcessTest, AWriterIsNamedToWhoIsPastItsDeadline) {
  ASSERT_TRUE(send(1, 10));
  ChildProcess writer = holder_of("gate");
  writer.send(SIGSTOP);
  const Time began = executor_->now();
  const auto late = send(2, 10, 300ms);
  EXPECT_LT(executor_->now() - began, 5s);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::unavailable);
  const std::string pid = std::to_string(writer.pid());
  EXPECT_THAT(late.error().message, HasSubstr("process " + pid + " holds the store's writer lock and is stopped"));
  EXPECT_THAT(late.error().message, HasSubstr("kill -CONT " + pid));
  writer.send(SIGKILL);
  EXPECT_TRUE(send(3, 10));
}

}  // namespace
}  // namespace tidings::local
