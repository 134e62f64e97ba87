#include "transport/local/storage/environment_copy.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <pthread.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <span>
#include <utility>
#include <vector>

#include "transport/local/storage/store_directory.hpp"

namespace tidings::local {

namespace {

constexpr std::size_t kPieceBytes = 256u << 10;

class Descriptor final {
 public:
  explicit Descriptor(int number) : number_{number} {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return number_; }
  void close() {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
  }

 private:
  int number_;
};

// LMDB's own thread inherits it: a signal would end its write() with an error.
void block_signals() {
  sigset_t all;
  sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

class EnvironmentCopy final {
 public:
  EnvironmentCopy(Environment& environment, const CopyPlan& plan)
      : environment_{environment}, plan_{plan}, high_before_{environment.pages_high()} {}

  Result<std::uint64_t> run(Executor& executor) {
    const Descriptor file{::open(plan_.file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
    if (file.get() < 0) return file_error("making", plan_.file);
    auto written = through_pipe(executor, file.get());
    if (written && ::fsync(file.get()) != 0) return file_error("writing", plan_.file);
    return written;
  }

 private:
  Result<std::uint64_t> through_pipe(Executor& executor, int file) {
    std::array<int, 2> ends{-1, -1};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return file_error("making a pipe to", plan_.file);
    Descriptor from{ends[0]};
    Descriptor to{ends[1]};
    Result<void> read;
    auto reader = executor.spawn("local-backup", [&] {
      block_signals();
      read = environment_.copy_to(to.get());
      to.close();
    });
    auto written = write_all(from.get(), file);
    from.close();  // where it was given up, the reader ends at its next piece
    reader.reset();
    if (written && !read) return read.error();
    return written;
  }

  Result<std::uint64_t> write_all(int from, int file) {
    std::vector<char> buffer(kPieceBytes);
    std::uint64_t written = 0;
    for (;;) {
      const ssize_t count = ::read(from, buffer.data(), buffer.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return file_error("reading the store for", plan_.file);
      if (count == 0) return written;
      const std::span piece{buffer.data(), static_cast<std::size_t>(count)};
      if (auto put = write_piece(file, piece); !put) return put.error();
      written += piece.size();
      if (auto may = may_go_on(written); !may) return may.error();
    }
  }

  Result<void> write_piece(int file, std::span<const char> piece) {
    if (const int code = plan_.faults.at("backup_piece"); code != 0) {
      errno = code;
      return file_error("writing", plan_.file);
    }
    while (!piece.empty()) {
      const ssize_t count = ::write(file, piece.data(), piece.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return file_error("writing", plan_.file);
      piece = piece.subspan(static_cast<std::size_t>(count));
    }
    return {};
  }

  Result<void> may_go_on(std::uint64_t written) const {
    if (!plan_.progress(written)) return unavailable(fmt::format("stopped while writing '{}'", plan_.file));
    const std::uint64_t high = environment_.pages_high();
    if (high == high_before_ || high * environment_.page_bytes() + plan_.room_least < environment_.map_bytes()) {
      return {};
    }
    return overloaded(fmt::format(
        "writing '{}' was given up: what is published meanwhile takes new room in the store, and it has hardly any "
        "left; try again when less is published, choose a faster disk, or raise size_max",
        plan_.file));
  }

  Environment& environment_;
  const CopyPlan& plan_;
  const std::uint64_t high_before_;
};

}  // namespace

Result<std::uint64_t> copy_environment(Environment& environment, Executor& executor, const CopyPlan& plan) {
  return EnvironmentCopy{environment, plan}.run(executor);
}

}  // namespace tidings::local
