// The raw alternative to a store: bytes appended to a file, and a wait for the disk.
//
// Threads: one at a time. Blocks: append() until the device confirms.
// Errors:  end the program with a message.
#pragma once

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>

namespace tidings::bench {

class RawFile final {
 public:
  explicit RawFile(const std::filesystem::path& path)
      : fd_{::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600)} {
    if (fd_ < 0) fail("open");
  }
  ~RawFile() { ::close(fd_); }
  RawFile(const RawFile&) = delete;
  RawFile& operator=(const RawFile&) = delete;

  void append(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
      if (written < 0) fail("write");
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fdatasync(fd_) != 0) fail("fdatasync");
  }

 private:
  [[noreturn]] static void fail(std::string_view what) {
    fmt::print(stderr, "{} failed: {}\n", what, std::strerror(errno));
    std::exit(1);
  }

  const int fd_;
};

}  // namespace tidings::bench
