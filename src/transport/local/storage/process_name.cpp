#include "transport/local/storage/process_name.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <sstream>

namespace tidings::local {

namespace {

enum class Sight { there, gone, unseen };

// What the kernel says of a process.
struct Facts {
  Sight sight = Sight::unseen;  // unseen: it could not be looked at, and may be there
  char state = '?';
  std::uint64_t ticks = 0;
};

std::string read_all(int descriptor) {
  std::array<char, 4'096> bytes{};
  const ssize_t count = ::read(descriptor, bytes.data(), bytes.size());
  return {bytes.data(), count > 0 ? static_cast<std::size_t>(count) : 0};
}

// /proc/PID/stat: the command, in brackets, may itself hold spaces and brackets. It is behind the last one.
Facts facts_in(const std::string& stat) {
  constexpr int kBetween = 18;  // fields 4 to 21 of proc(5), between the state and the start time
  Facts facts;
  std::istringstream fields{stat.substr(std::min(stat.rfind(')'), stat.size() - 1) + 1)};
  fields >> facts.state;
  std::string field;
  for (int i = 0; i < kBetween; ++i) fields >> field;
  if (!(fields >> facts.ticks)) return {};
  const bool dead = facts.state == 'Z' || facts.state == 'X';  // only its parent has not looked yet
  facts.sight = dead ? Sight::gone : Sight::there;
  return facts;
}

Facts facts_of(std::int64_t pid) {
  const int descriptor = ::open(fmt::format("/proc/{}/stat", pid).c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return {.sight = errno == ENOENT ? Sight::gone : Sight::unseen};
  const std::string stat = read_all(descriptor);
  const bool gone = stat.empty() && errno == ESRCH;  // it ended since it was opened
  ::close(descriptor);
  if (stat.empty()) return {.sight = gone ? Sight::gone : Sight::unseen};
  return facts_in(stat);
}

}  // namespace

std::optional<std::uint64_t> start_ticks(std::int64_t pid) {
  const Facts facts = facts_of(pid);
  if (facts.sight != Sight::there) return std::nullopt;
  return facts.ticks;
}

bool is_stopped(std::int64_t pid) {
  const char state = facts_of(pid).state;
  return state == 'T' || state == 't';
}

std::uint64_t pid_namespace() {
  struct stat facts {};
  return ::stat("/proc/self/ns/pid", &facts) == 0 ? facts.st_ino : 0;
}

ProcessName this_process() {
  return {.pid = ::getpid(), .started = start_ticks(::getpid()).value_or(0), .boot = boot_id()};
}

bool is_alive(const ProcessName& process) {
  if (process.boot != boot_id()) return false;
  const Facts facts = facts_of(process.pid);
  return facts.sight == Sight::unseen || (facts.sight == Sight::there && facts.ticks == process.started);
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

}  // namespace tidings::local
