// What a disk would hold, had the power failed: made of the log that power_cut_recorder wrote.
//
// Of a file all is there that was written before its last sync, and what O_DSYNC wrote; of the writes after it some
// pages, and of a few pages some sectors only. Of a directory the names are as they were at its last sync, and at some
// moment since. A seed draws which.
//
// Threads: values.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/endurance/change_log.hpp"

namespace tidings::endurance {

class PowerCut final {
 public:
  // Reads a log; the disk is the directory in which the first file was made. Throws std::runtime_error: it is none.
  explicit PowerCut(const std::filesystem::path& log);

  // So many changes were made. A cut at point N comes when N of them were.
  std::size_t changes() const { return entries_.size(); }
  // What processes had said by then, on their standard output.
  std::string said(std::size_t point) const;
  // The point at which `text` had been said for the first time; changes(): never.
  std::size_t point_of(std::string_view text) const;
  // The point right behind what was said next from `point` on; changes(): nothing.
  std::size_t next_said(std::size_t point) const;
  // Makes `to`, a new directory, what the disk would be after a cut.
  void rebuild(std::size_t point, std::uint64_t seed, const std::filesystem::path& to) const;

 private:
  struct Entry {
    ChangeHead head;
    std::string path;
    std::string data;
  };

  std::vector<Entry> entries_;
  std::filesystem::path disk_;
};

}  // namespace tidings::endurance
