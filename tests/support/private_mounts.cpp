#include "tests/support/private_mounts.hpp"

#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>
#include <utility>

#include "tests/support/child_process.hpp"

namespace tidings::testing {

namespace {

constexpr unsigned kNobody = 65'534;

[[noreturn]] void fail(const std::string& doing) {
  throw std::system_error{errno, std::generic_category(), doing};
}

void mount_at(const char* source, const std::filesystem::path& at, const char* type, unsigned long flags,
              const char* options) {
  if (::mount(source, at.c_str(), type, flags, options) != 0) fail("mounting at " + at.string());
}

void drop_rights() {
  if (::geteuid() != 0) return;
  if (::setgroups(0, nullptr) != 0 || ::setresgid(kNobody, kNobody, kNobody) != 0 ||
      ::setresuid(kNobody, kNobody, kNobody) != 0) {
    fail("becoming nobody");
  }
}

}  // namespace

std::string enter_private_mounts() {
  const unsigned user = ::geteuid();
  const unsigned group = ::getegid();
  const int spaces = user == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER;
  if (::unshare(spaces) != 0) return std::string{"no mount namespaces here: "} + std::strerror(errno);
  if (user != 0) {
    std::ofstream{"/proc/self/setgroups"} << "deny";
    std::ofstream{"/proc/self/uid_map"} << "0 " << user << " 1";
    std::ofstream{"/proc/self/gid_map"} << "0 " << group << " 1";
  }
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0) return "";
  return std::string{"no mounts of our own here: "} + std::strerror(errno);
}

PrivateMount::PrivateMount(std::filesystem::path at) : at_{std::move(at)} {}

PrivateMount::PrivateMount(PrivateMount&& other) noexcept : at_{std::exchange(other.at_, {})} {}

PrivateMount::~PrivateMount() {
  if (!at_.empty()) ::umount2(at_.c_str(), MNT_DETACH);
}

PrivateMount PrivateMount::memory(const std::filesystem::path& at, std::size_t bytes) {
  mount_at("none", at, "tmpfs", 0, ("size=" + std::to_string(bytes)).c_str());
  return PrivateMount{at};
}

PrivateMount PrivateMount::read_only(const std::filesystem::path& at) {
  mount_at(at.c_str(), at, nullptr, MS_BIND, nullptr);
  PrivateMount mounted{at};
  mount_at(nullptr, at, nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr);
  return mounted;
}

PrivateMount PrivateMount::image(const std::filesystem::path& file, const std::filesystem::path& at) {
  const Ran ran = run_program({.program = "/bin/mount", .arguments = {"-o", "loop", file.string(), at.string()}});
  if (ran.exit == ChildExit{.code = 0}) return PrivateMount{at};
  throw std::system_error{ENODEV, std::generic_category(), ran.error_output};
}

std::string as_nobody(const std::function<std::string()>& write) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) fail("making a pipe");
  const pid_t child = ::fork();
  if (child < 0) fail("making a process");
  if (child == 0) {
    ::close(ends[0]);
    try {
      drop_rights();
      const std::string text = write();
      const bool written = ::write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size());
      ::_exit(written ? 0 : 1);
    } catch (const std::exception&) {
      ::_exit(1);
    }
  }
  ::close(ends[1]);
  std::string text;
  std::array<char, 4'096> bytes{};
  for (ssize_t count = 0; (count = ::read(ends[0], bytes.data(), bytes.size())) > 0;) {
    text.append(bytes.data(), static_cast<std::size_t>(count));
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status == 0) return text;
  errno = EPERM;
  fail("acting as nobody");
}

}  // namespace tidings::testing
