#include "transport/local/process_name.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <sstream>

namespace tidings::local {

namespace {

// What /proc/PID/stat says after the command, which may itself hold spaces and brackets: state first.
std::optional<std::istringstream> stat_of(std::int64_t pid) {
  std::ifstream file{fmt::format("/proc/{}/stat", pid)};
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  const std::size_t bracket = line.rfind(')');
  if (bracket == std::string::npos) return std::nullopt;
  return std::istringstream{line.substr(bracket + 1)};
}

}  // namespace

std::optional<std::uint64_t> start_ticks(std::int64_t pid) {
  constexpr int kBetween = 18;  // fields 4 to 21 of proc(5), between the state and the start time
  auto fields = stat_of(pid);
  if (!fields) return std::nullopt;
  std::string field;
  *fields >> field;
  if (field == "Z" || field == "X") return std::nullopt;  // dead; only its parent has not looked yet
  for (int i = 0; i < kBetween; ++i) *fields >> field;
  std::uint64_t ticks = 0;
  if (!(*fields >> ticks)) return std::nullopt;
  return ticks;
}

bool is_stopped(std::int64_t pid) {
  auto fields = stat_of(pid);
  std::string state;
  return fields && (*fields >> state) && (state == "T" || state == "t");
}

ProcessName this_process() {
  return {.pid = ::getpid(), .started = start_ticks(::getpid()).value_or(0), .boot = boot_id()};
}

bool is_alive(const ProcessName& process) {
  return process.boot == boot_id() && start_ticks(process.pid) == process.started;
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

}  // namespace tidings::local
