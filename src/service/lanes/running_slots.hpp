// The slots in which a process says what it is decoding or handling, for those who find it dead (promise P5).
//
// Threads: any; a slot by one at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <span>

namespace tidings::service {

class RunningSlots final {
 public:
  explicit RunningSlots(std::span<std::atomic<std::uint64_t>> slots) : slots_{slots} {}

  void set(std::size_t slot, std::uint64_t token) {
    const std::lock_guard lock{mutex_};
    if (slot < slots_.size()) slots_[slot].store(token, std::memory_order_release);
  }
  void clear(std::size_t slot) { set(slot, 0); }
  // The slots are gone: a handler that does not end must not write there when it does.
  void close() {
    const std::lock_guard lock{mutex_};
    slots_ = {};
  }

 private:
  std::mutex mutex_;
  std::span<std::atomic<std::uint64_t>> slots_;
};

// A delivery's token in a slot, for as long as it lives.
class BoardEntry final {
 public:
  BoardEntry(RunningSlots& board, std::size_t slot, std::uint64_t token) : board_{board}, slot_{slot} {
    board_.set(slot_, token);
  }
  ~BoardEntry() { board_.clear(slot_); }
  BoardEntry(const BoardEntry&) = delete;
  BoardEntry& operator=(const BoardEntry&) = delete;

 private:
  RunningSlots& board_;
  std::size_t slot_;
};

}  // namespace tidings::service
