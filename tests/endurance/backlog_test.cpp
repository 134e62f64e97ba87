// E1, P9: what a backlog costs in memory, and what goes through a store in disk. Short with the plain tests; a million
// and ten million events with `./test --long`, which print what they measured.
#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/support/child_process.hpp"
#include "tests/support/scratch_directory.hpp"
#include "tidings/executor.hpp"
#include "transport/local/storage/limits.hpp"

namespace tidings::local {
namespace {

using testing::ChildExit;
using testing::ChildProcess;

constexpr std::uintmax_t kShortSizeMax = 8u << 20;

bool long_run() {
  return std::getenv("TIDINGS_TEST_LONG") != nullptr;
}

// The memory that is the process's own: what it maps of the store is the page cache's.
std::uint64_t anonymous_bytes(int pid) {
  std::ifstream status{"/proc/" + std::to_string(pid) + "/status"};
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssAnon:")) return std::strtoull(line.c_str() + 8, nullptr, 10) << 10;
  }
  return 0;
}

class BacklogTest : public ::testing::Test {
 protected:
  ChildProcess start(const std::string& work, int number, const std::string& options = "") const {
    return ChildProcess{
        {.program = LOAD_CHILD, .arguments = {"local:" + directory_ + options, work, std::to_string(number)}}};
  }
  std::uintmax_t file_bytes() const {
    std::error_code none_yet;
    const auto bytes = std::filesystem::file_size(directory_ + "/data.mdb", none_yet);
    return none_yet ? 0 : bytes;
  }
  // Looks at it again and again until it has ended.
  template <class Look>
  ChildExit watch(ChildProcess& child, const Look& look) const {
    constexpr std::chrono::milliseconds kLookEvery{50};
    const Time deadline = executor_->now() + (long_run() ? std::chrono::hours{2} : std::chrono::minutes{2});
    std::optional<ChildExit> ended;
    while (!ended && executor_->now() < deadline) {
      ended = child.wait(kLookEvery);
      look();
    }
    EXPECT_TRUE(ended) << "it still runs";
    return ended.value_or(ChildExit{});
  }
  static long last_number(const ChildProcess& child, const std::string& word) {
    const std::string output = child.output();
    const auto at = output.rfind(word);
    return at == std::string::npos ? -1 : std::strtol(output.c_str() + at + word.size(), nullptr, 10);
  }

  testing::ScratchDirectory scratch_;
  const std::string directory_ = scratch_ / "store";
  const std::shared_ptr<Executor> executor_ = thread_executor();
};

TEST_F(BacklogTest, TakesNoMemoryOfItsPublisherOrItsConsumer) {
  const int events = long_run() ? 1'000'000 : 20'000;
  const std::uint64_t most = long_run() ? 200'000'000 : 120'000'000;
  ChildProcess consumer = start("handle", 2'000);
  ASSERT_TRUE(consumer.wait_for_output("handled 0")) << consumer.error_output();
  ChildProcess publisher = start("publish", events);
  std::uint64_t of_publisher = 0, of_consumer = 0;
  const auto look = [&] {
    of_publisher = std::max(of_publisher, anonymous_bytes(publisher.pid()));
    of_consumer = std::max(of_consumer, anonymous_bytes(consumer.pid()));
  };
  const Time began = executor_->now();
  ASSERT_EQ(watch(publisher, look), ChildExit{.code = 0}) << publisher.error_output();
  const auto taken = std::chrono::duration<double>(executor_->now() - began).count();
  const long handled = last_number(consumer, "handled ");
  EXPECT_LT(handled, events / 2) << "there is no backlog";
  ASSERT_TRUE(consumer.wait_for_output("handled " + std::to_string(handled + 1'000))) << "it goes on behind it";
  look();
  EXPECT_GT(of_publisher, 0u);
  EXPECT_GT(of_consumer, 0u);
  EXPECT_LT(of_publisher, most);
  EXPECT_LT(of_consumer, most);
  std::cout << events << " events in " << taken << " s, backlog " << events - handled << ", file "
            << (file_bytes() >> 20) << " MiB, anonymous memory: publisher " << (of_publisher >> 20) << " MiB, consumer "
            << (of_consumer >> 20) << " MiB\n";
}

TEST_F(BacklogTest, LetsNoFileGrowByWhatHasGoneThrough) {
  const int events = long_run() ? 10'000'000 : 60'000;
  const std::string small = "?sync=none&size_max=" + std::to_string(kShortSizeMax);
  ChildProcess passage = start("pass", events, long_run() ? "" : small);
  std::uintmax_t first_half = 0, second_half = 0;
  long told = 0;
  const Time began = executor_->now();
  const auto look = [&] {
    const long passed = last_number(passage, "passed ");
    auto& largest = passed < events / 2 ? first_half : second_half;
    largest = std::max(largest, file_bytes());
    if (passed < told + events / 20) return;
    told = passed;
    std::cout << passed << " passed in " << std::chrono::duration<double>(executor_->now() - began).count()
              << " s, file " << (file_bytes() >> 20) << " MiB, anonymous memory "
              << (anonymous_bytes(passage.pid()) >> 20) << " MiB" << std::endl;
  };
  ASSERT_EQ(watch(passage, look), ChildExit{.code = 0}) << passage.error_output();
  EXPECT_EQ(last_number(passage, "passed "), events);
  std::cout << last_number(passage, "refused ") << " refused for a while; the largest file " << (first_half >> 20)
            << " MiB in the first half, " << (second_half >> 20) << " MiB in the second" << std::endl;
  EXPECT_GT(second_half, 0u);
  // A cleaner's transaction may erase all that so small a store holds; the next but one may use its pages. What goes
  // through it is three times as much (500 bytes an event).
  const std::uintmax_t most = long_run() ? first_half + first_half / 4 : 2 * kShortSizeMax;
  EXPECT_LT(second_half, most) << "it grows without end";
}

}  // namespace
}  // namespace tidings::local
