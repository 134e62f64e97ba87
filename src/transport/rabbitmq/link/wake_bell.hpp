// Wakes a thread that waits for a socket: a file that has something to read once it was rung. Until that is heard,
// further rings are the same one, and cost nothing.
//
// Threads: any rings; one hears, and looks at what it was rung for afterwards.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

namespace tidings::rabbitmq {

class WakeBell final {
 public:
  WakeBell() : file_{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)} {}
  ~WakeBell() { ::close(file_); }
  WakeBell(const WakeBell&) = delete;
  WakeBell& operator=(const WakeBell&) = delete;

  int file() const { return file_; }
  void ring() const {
    if (rung_.exchange(true)) return;
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(file_, &one, sizeof one);
  }
  void hear() const {
    std::uint64_t rings = 0;
    [[maybe_unused]] const auto read = ::read(file_, &rings, sizeof rings);
    rung_ = false;
  }

 private:
  const int file_;
  mutable std::atomic<bool> rung_{false};
};

}  // namespace tidings::rabbitmq
