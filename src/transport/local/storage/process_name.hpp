// Which process we are: a pid alone names nobody for long.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/boot_id.hpp"

namespace tidings::local {

// When the process began, in the kernel's ticks since the start of the machine; nothing: there is no such process, or
// it cannot be looked at.
std::optional<std::uint64_t> start_ticks(std::int64_t pid);

// Alive by the kernel, but stopped (SIGSTOP, a debugger).
bool is_stopped(std::int64_t pid);

// Which pids mean the same process: a container may have its own. 0: it is not known.
std::uint64_t pid_namespace();

// A process, so that no other one is taken for it.
struct ProcessName {
  std::int64_t pid = 0;
  std::uint64_t started = 0;  // start_ticks
  std::string boot;

  friend bool operator==(const ProcessName&, const ProcessName&) = default;
};

ProcessName this_process();

// Whether it runs still. A process of another boot does not; one that cannot be looked at (no file descriptor is left)
// counts as alive.
bool is_alive(const ProcessName& process);

std::string host_name();

}  // namespace tidings::local
