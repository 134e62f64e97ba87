// One consumer, as the deployment knows it.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "transport/memory/ownership.hpp"
#include "transport/memory/slice.hpp"

namespace tidings::memory {

// Outlives a consumer that crashed, as the kernel's shared memory would.
struct RunningBoard {
  explicit RunningBoard(std::size_t size) : slots(size) {}
  std::vector<std::atomic<std::uint64_t>> slots;
};

struct InFlight {
  transport::PartitionId partition;
  EntryId entry;
};

// A process, as topology shows it.
struct ProcessName {
  std::string name;
  std::int64_t number = 0;
};

struct Member {
  MemberId id = 0;
  std::string instance;
  ProcessName process;
  std::size_t in_flight_max = 0;
  std::shared_ptr<RunningBoard> board;
  std::vector<transport::Notice> notices;       // not received yet
  std::map<std::uint64_t, InFlight> in_flight;  // by token
  std::uint64_t last_token = 0;
  std::set<transport::PartitionId> paused;
  std::optional<transport::PartitionId> last_served;
  bool woken = false;
  bool away = false;  // its connection is cut: no member for now
};

}  // namespace tidings::memory
