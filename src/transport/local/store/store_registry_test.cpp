#include "transport/local/store/store_registry.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <memory>

#include "tests/support/scratch_directory.hpp"
#include "transport/local/storage/limits.hpp"

namespace tidings::local {
namespace {

namespace fs = std::filesystem;

// Has the lock of a directory, as another process that opens its store.
class DirectoryLock final {
 public:
  explicit DirectoryLock(const fs::path& directory)
      : descriptor_{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)} {
    EXPECT_EQ(::flock(descriptor_, LOCK_EX | LOCK_NB), 0);
  }
  ~DirectoryLock() { ::close(descriptor_); }
  DirectoryLock(const DirectoryLock&) = delete;

 private:
  const int descriptor_;
};

// How often this process has it open.
int descriptors_of(const fs::path& directory) {
  int count = 0;
  std::error_code fault;
  for (const auto& entry : fs::directory_iterator{"/proc/self/fd"})
    count += fs::read_symlink(entry.path(), fault) == directory ? 1 : 0;
  return count;
}

class StoreRegistryTest : public ::testing::Test {
 protected:
  Result<std::shared_ptr<Store>> open(const fs::path& directory) {
    return shared_store({.directory = directory}, executor_);
  }

  testing::ScratchDirectory scratch_;
  std::shared_ptr<Executor> executor_ = thread_executor();
};

TEST_F(StoreRegistryTest, SharesAStoreHoweverItIsNamed) {
  const auto store = open(scratch_ / "store");
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_EQ(open(scratch_ / "store/").value(), *store);
  EXPECT_EQ(open(scratch_ / "." / "store").value(), *store);
}

// P1: LMDB must not be opened twice in a process. A name of nothing that is there yet has no canonical form.
TEST_F(StoreRegistryTest, SharesAStoreThatWasNewUnderARelativeName) {
  const fs::path before = fs::current_path();
  fs::current_path(scratch_.path());
  const auto first = open("new");
  const auto second = open("new");
  const auto third = open(scratch_ / "new");
  fs::current_path(before);
  ASSERT_TRUE(first && second && third);
  EXPECT_EQ(first->get(), second->get());
  EXPECT_EQ(first->get(), third->get());
}

TEST_F(StoreRegistryTest, OpensAStoreWhileAnotherIsStuck) {
  const fs::path stuck = fs::canonical(scratch_.path()) / "stuck";
  fs::create_directory(stuck);
  auto lock = std::make_unique<DirectoryLock>(stuck);
  std::atomic<bool> ended = false;
  Result<std::shared_ptr<Store>> opened = unavailable("not yet");
  auto opener = executor_->spawn("opener", [&] {
    opened = open(stuck);
    ended = true;
  });
  const Time deadline = executor_->now() + kOpenWithin;
  while (descriptors_of(stuck) < 2 && executor_->now() < deadline)
    executor_->sleep_until(executor_->now() + std::chrono::milliseconds{1});

  EXPECT_TRUE(open(scratch_ / "other"));
  EXPECT_FALSE(ended) << "it waited for the other store";
  lock.reset();
  opener.reset();
  EXPECT_TRUE(opened) << opened.error().message;
}

}  // namespace
}  // namespace tidings::local
