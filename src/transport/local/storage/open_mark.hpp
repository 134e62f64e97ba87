// The file `open`: there as long as any process has the store open, so that the next one knows how it was left.
//
// Format:  docs/formats/local.md, "Directory".
// Threads: one at a time, under the directory's lock (StoreDirectory).
#pragma once

#include <string>

#include "tidings/result.hpp"
#include "transport/local/storage/local_options.hpp"

namespace tidings::local {

class OpenMark final {
 public:
  // What the last ones left behind.
  enum class Left {
    clean,     // nobody has it open, or processes of this boot have or had: all that they wrote is there
    machine,   // the machine went down while it was open
    unsynced,  // likewise, and somebody wrote with sync=none
  };
  static Left left(const std::string& directory);

  // Marks it as open by this process, in this mode.
  static Result<OpenMark> set(const std::string& directory, Sync sync);
  ~OpenMark();
  OpenMark(OpenMark&& other) noexcept;
  OpenMark& operator=(OpenMark&&) = delete;

  // Whether no other process has it open. True: it stays so as long as the directory's lock is held.
  bool alone();
  // After alone(): lets others open it again.
  void share();
  // Removes the mark: everything is on the disk.
  void remove();

 private:
  OpenMark(std::string path, int descriptor) : path_{std::move(path)}, descriptor_{descriptor} {}

  std::string path_;
  int descriptor_ = -1;
};

}  // namespace tidings::local
