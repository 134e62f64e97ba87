// The directory of a store: made, recognised, refused.
//
// Format:  docs/formats/local.md, "Directory".
// Threads: one a process at a time; processes exclude one another by a lock on the directory.
// Blocks:  enter(), for the lock. Who has it waits for nothing but the disk.
#pragma once

#include <string>
#include <string_view>

#include "tidings/executor.hpp"
#include "tidings/result.hpp"
#include "transport/local/storage/assignment.hpp"

namespace tidings::local {

// LMDB's file.
std::string data_of(const std::string& directory);
// The running board of a member.
std::string board_of(const std::string& directory, MemberId member);

// LMDB makes its file of readers as a hole and writes into it by a mapping: on a full disk the process would die of
// SIGBUS. So its blocks are taken before LMDB opens it. Never while this process has the store open: the end of any
// descriptor would end LMDB's locks.
Result<void> fill_lock_file(const std::string& directory);

// What errno says of a file or directory, and what to change. `doing` says what was tried.
Error file_error(std::string_view doing, const std::string& path);

// So that names that were made in a directory, or removed, are so after a power cut. One that may be passed through and
// not be read is left out.
Result<void> sync_directory(const std::string& path);

// Holds the lock on the directory while a store is opened, or a copy of one is made.
class StoreDirectory final {
 public:
  // Makes the directory (mode 0700) where it is missing, and checks that it is a store of our format, or empty.
  // invalid: not a directory, not a store, no permission. unsupported: another format version, a network file
  // system. corrupt: files are missing or cut off. unavailable: another process kept the lock until the deadline.
  static Result<StoreDirectory> enter(const std::string& path, Executor& executor, Time deadline);
  // Makes the directory, or takes an empty one, for a copy of a store, which is none until completed().
  // invalid: it is not empty, or as enter(). Other errors: as enter().
  static Result<StoreDirectory> enter_for_copy(const std::string& path, Executor& executor, Time deadline);
  ~StoreDirectory();
  StoreDirectory(StoreDirectory&& other) noexcept;
  StoreDirectory& operator=(StoreDirectory&&) = delete;

  // Whether the store is new: its files are not there yet.
  bool fresh() const { return fresh_; }
  // The new store's files are there and durable.
  Result<void> completed();
  // Removes what there is of a copy; the directory, too, if it was made for it.
  void abandon();

 private:
  static Result<StoreDirectory> lock_at(const std::string& path, Executor& executor, Time deadline);
  StoreDirectory(std::string path, int descriptor, bool fresh)
      : path_{std::move(path)}, descriptor_{descriptor}, fresh_{fresh} {}

  std::string path_;
  int descriptor_ = -1;
  bool fresh_ = false;
  bool made_ = false;  // for a copy
};

// Whether a finished store is there: its file `format` is. Changes nothing. unavailable: it cannot be looked at.
Result<bool> holds_store(const std::string& path);

// Whether the store's file is shorter than its highest page. That may be: pages that were never written are not missed.
bool is_shorter(const std::string& path, std::uint64_t bytes);

}  // namespace tidings::local
