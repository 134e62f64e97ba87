// How far ahead of a commit a partition may be handed out: as far as its flow needs. What lies in it at a death may
// have been in a handler, and runs alone afterwards.
//
// It doubles whenever handing out had to wait for a commit, and is halved when a quarter of it was enough.
// Threads: one at a time. Pure.
#pragma once

#include <algorithm>
#include <cstdint>

namespace tidings::kafka {

class SuspectWindow final {
 public:
  static constexpr std::uint32_t kLeast = 64;
  static constexpr std::uint32_t kFirst = 256;

  explicit SuspectWindow(std::uint32_t most) : most_{most}, records_{std::min(kFirst, most)} {}

  std::uint32_t records() const { return records_; }

  // Handing out waits for a commit.
  void waits() { waited_ = true; }
  // A commit goes; so many were handed out since the last one did.
  void next_commit(std::int64_t handed_out) {
    if (waited_) {
      records_ = std::min(records_ * 2, most_);
    } else if (handed_out < records_ / 4) {
      records_ = std::max(records_ / 2, std::min(kLeast, most_));
    }
    waited_ = false;
  }

 private:
  const std::uint32_t most_;
  std::uint32_t records_;
  bool waited_ = false;
};

}  // namespace tidings::kafka
