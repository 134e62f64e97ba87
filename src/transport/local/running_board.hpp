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
#include "transport/local/assignment.hpp"

namespace tidings::local {

// What the largest batch of a handler (BatchLimits::size) needs, and then some.
inline constexpr std::size_t kBoardSlotsMax = 16'384;

// Our own board.
class RunningBoard final {
 public:
  static Result<std::unique_ptr<RunningBoard>> create(const std::string& directory, MemberId member, std::size_t slots);
  ~RunningBoard();
  RunningBoard(const RunningBoard&) = delete;
  RunningBoard& operator=(const RunningBoard&) = delete;

  std::span<std::atomic<std::uint64_t>> slots() { return slots_; }

 private:
  RunningBoard(void* memory, std::size_t bytes, std::size_t slots);

  void* memory_;
  std::size_t bytes_;
  std::span<std::atomic<std::uint64_t>> slots_;
};

// What stands on a member's board; empty where there is none, or one of another boot.
std::vector<std::uint64_t> read_board(const std::string& directory, MemberId member);
void remove_board(const std::string& directory, MemberId member);

}  // namespace tidings::local
