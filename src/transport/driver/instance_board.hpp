// What an instance is handling, in a file that survives its process, for when the same instance is started again on the
// same machine: then only that is suspect, not all that may have been in flight (P5).
//
// Who owns a partition notes durably by whose board, and by which slot of it there: a board that another life made says
// nothing of it. Suspects that wait stand on the new board too, so that another death does not hide them.
//
// Owns:    a mapped file, and the one of the life before.
// Threads: any.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "transport/driver/running_board.hpp"

namespace tidings::transport {

class InstanceBoard final {
 public:
  // `id`: of this life, not 0. Nothing: the directory cannot be used.
  // `suspects_max`: how many may stand on it that wait.
  static std::unique_ptr<InstanceBoard> take_over(const std::string& path, std::uint64_t id, std::size_t running_max,
                                                  std::size_t suspects_max);

  std::uint64_t id() const { return id_; }
  std::span<std::atomic<std::uint64_t>> running() { return board_->slots().subspan(kHead, running_max_); }

  // The places (offsets, say) that were being handled, or were suspect, when the board `id` was left; nothing: it is
  // not known.
  std::optional<std::set<std::int64_t>> left_by(std::uint64_t id, std::uint64_t slot) const;

  // Suspects that are to be handled. False: there is no room for so many.
  bool put_suspects(std::uint64_t slot, const std::set<std::int64_t>& places);
  void remove_suspect(std::uint64_t slot, std::int64_t place);
  // The partition is somebody else's.
  void remove_slot(std::uint64_t slot);

  // After a clean end nobody needs it.
  void remove();

 private:
  static constexpr std::size_t kHead = 1;  // the id

  InstanceBoard(std::string path, std::uint64_t id, std::size_t running_max, std::unique_ptr<RunningBoard> left,
                std::unique_ptr<RunningBoard> board);
  std::span<std::atomic<std::uint64_t>> suspects() { return board_->slots().subspan(kHead + running_max_); }

  const std::string path_;
  const std::uint64_t id_;
  const std::size_t running_max_;
  const std::unique_ptr<RunningBoard> left_;
  const std::unique_ptr<RunningBoard> board_;
  std::mutex mutex_;
};

// Likewise of a board of another instance on this machine, which is gone: nothing, where that was none of its.
std::optional<std::set<std::int64_t>> left_on_board(const std::string& path, std::uint64_t id, std::uint64_t slot);

// Nobody needs it: what it says was taken over.
void forget_board(const std::string& path, std::uint64_t id);

// Where the board of that instance lies, in a directory of this user's that is gone after the machine's next start.
// Empty: there can be none.
std::string board_path(std::string_view deployment, std::string_view group, std::string_view instance);

}  // namespace tidings::transport
