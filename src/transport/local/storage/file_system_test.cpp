// E2: which file systems a store does not lie on.
#include "transport/local/storage/file_system.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <unistd.h>

namespace tidings::local {
namespace {

TEST(FileSystem, IsOneThatOtherMachinesMayWriteTo) {
  for (const long type : {0x6969L, 0x517BL, 0xFF534D42L, 0xFE534D42L, 0x01021997L, 0x00c36400L, 0x0BD00BD0L}) {
    EXPECT_TRUE(is_network(type, "")) << std::hex << type;
  }
  for (const long type : {static_cast<long>(EXT4_SUPER_MAGIC), static_cast<long>(TMPFS_MAGIC),
                          static_cast<long>(OVERLAYFS_SUPER_MAGIC), static_cast<long>(BTRFS_SUPER_MAGIC)}) {
    EXPECT_FALSE(is_network(type, "")) << std::hex << type;
  }
}

// Of those that programs make, the number says nothing.
TEST(FileSystem, OfAProgramIsJudgedByTheWordInTheListOfMounts) {
  for (const char* word : {"fuse.sshfs", "fuse.glusterfs", "fuse.s3fs"}) {
    EXPECT_TRUE(is_network(FUSE_SUPER_MAGIC, word)) << word;
  }
  for (const char* word : {"fuse.bindfs", "fuse.gocryptfs", "fuseblk", ""}) {
    EXPECT_FALSE(is_network(FUSE_SUPER_MAGIC, word)) << word;
  }
}

TEST(FileSystem, HasItsWordInTheListOfMounts) {
  const int process = ::open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  EXPECT_EQ(mounted_as(process), "proc");
  ::close(process);
  EXPECT_EQ(mounted_as(-1), "");
}

}  // namespace
}  // namespace tidings::local
