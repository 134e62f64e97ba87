// What power_cut_recorder writes down: one entry for each change of a file, in the order in which they happened, over
// all processes that have it loaded. An entry is a ChangeHead, then the path, then the data.
#pragma once

#include <cstdint>

namespace tidings::endurance {

enum class Change : std::uint32_t {
  say = 1,         // data: what a process wrote on its standard output
  make,            // path: of a new file
  make_directory,  // path: of a new directory
  write,           // file, offset, data
  resize,          // file, offset: its new size
  sync,            // file: all of it is on the disk
  sync_directory,  // path: the names in it are on the disk
  rename,          // path, data: its new path
  remove,          // path
};

struct ChangeHead {
  Change change{};
  std::uint32_t synced = 0;  // of a write: it was on the disk when it returned (O_DSYNC, O_SYNC)
  std::uint64_t file = 0;    // inode number; a new file may have that of one that was removed
  std::uint64_t offset = 0;
  std::uint32_t path_bytes = 0;
  std::uint32_t data_bytes = 0;
};

// Environment: below which directory files are watched, and where the log is.
inline constexpr const char* kRecordBelow = "POWER_CUT_BELOW";
inline constexpr const char* kRecordTo = "POWER_CUT_LOG";

}  // namespace tidings::endurance
