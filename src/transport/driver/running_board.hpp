// The slots in which a member says what it is handling, in a file that survives it.
//
// Format:  docs/formats/local.md, "Boards". A board of another boot says nothing.
// Threads: slots by any; the rest by one.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tidings/result.hpp"

namespace tidings::transport {

// What the largest batch of a handler (BatchLimits::size) needs, and then some.
inline constexpr std::size_t kBoardSlotsMax = 16'384;

// A board that is mapped.
class RunningBoard final {
 public:
  // Our own, empty. A file that is there is replaced; who maps it keeps it.
  static Result<std::unique_ptr<RunningBoard>> create(const std::string& path, std::size_t slots);
  // What another one left, or fills still; nothing: there is none, it is damaged, or of another boot.
  static std::unique_ptr<RunningBoard> open(const std::string& path);
  ~RunningBoard();
  RunningBoard(const RunningBoard&) = delete;
  RunningBoard& operator=(const RunningBoard&) = delete;

  std::span<std::atomic<std::uint64_t>> slots() { return slots_; }

 private:
  RunningBoard(void* memory, std::size_t bytes) : memory_{memory}, bytes_{bytes} {}
  void begin(std::size_t slots);
  bool is_whole() const;

  void* memory_;
  std::size_t bytes_;
  std::span<std::atomic<std::uint64_t>> slots_;
};

// What stands on a board; empty where there is none, or one of another boot.
std::vector<std::uint64_t> read_board(const std::string& path);
// False: there may be one, and this process has no file descriptor or memory left to read it.
bool can_read_board(const std::string& path);
void remove_board(const std::string& path);

}  // namespace tidings::transport
