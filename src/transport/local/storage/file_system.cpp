#include "transport/local/storage/file_system.hpp"

#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>

namespace tidings::local {

namespace {

// From linux/magic.h where it has them; these it lacks.
constexpr long kCifsMagic = 0xFF534D42;
constexpr long kSmb2Magic = 0xFE534D42;
constexpr long kLustreMagic = 0x0BD00BD0;
constexpr long kGpfsMagic = 0x47504653;
constexpr long kBeegfsMagic = 0x19830326;

constexpr std::array kNetwork{static_cast<long>(NFS_SUPER_MAGIC),
                              static_cast<long>(SMB_SUPER_MAGIC),
                              static_cast<long>(AFS_SUPER_MAGIC),
                              static_cast<long>(V9FS_MAGIC),
                              static_cast<long>(CEPH_SUPER_MAGIC),
                              static_cast<long>(CODA_SUPER_MAGIC),
                              static_cast<long>(OCFS2_SUPER_MAGIC),
                              kCifsMagic,
                              kSmb2Magic,
                              kLustreMagic,
                              kGpfsMagic,
                              kBeegfsMagic};

// Programs that other machines may run on the same files.
constexpr std::array<std::string_view, 16> kNetworkPrograms{
    "fuse.sshfs",   "fuse.glusterfs", "fuse.ceph-fuse", "fuse.s3fs",     "fuse.rclone",  "fuse.gcsfuse",
    "fuse.goofys",  "fuse.juicefs",   "fuse.mfs",       "fuse.lizardfs", "fuse.seaweed", "fuse.seaweedfs",
    "fuse.moosefs", "fuse.curlftpfs", "fuse.davfs2",    "fuse.beegfs"};

}  // namespace

bool is_network(long type, std::string_view mounted_as) {
  if (std::find(kNetwork.begin(), kNetwork.end(), type) != kNetwork.end()) return true;
  return std::find(kNetworkPrograms.begin(), kNetworkPrograms.end(), mounted_as) != kNetworkPrograms.end();
}

// A line: its number, its parent's, MAJOR:MINOR, root, place, options, more of them up to a dash, then the word.
std::string mounted_as(int descriptor) {
  struct stat facts {};
  if (::fstat(descriptor, &facts) != 0) return "";
  const std::string device = fmt::format("{}:{}", major(facts.st_dev), minor(facts.st_dev));
  std::ifstream mounts{"/proc/self/mountinfo"};
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream fields{line};
    std::string number, parent, its_device, word;
    fields >> number >> parent >> its_device;
    if (its_device != device) continue;
    while (fields >> word && word != "-") {
    }
    fields >> word;
    return word;
  }
  return "";
}

}  // namespace tidings::local
