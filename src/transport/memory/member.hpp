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
  std::size_t bytes = 0;
};

// What a member has in flight, by token.
class Flights final {
 public:
  void add(std::uint64_t token, InFlight flight) {
    bytes_ += flight.bytes;
    flights_.emplace(token, std::move(flight));
  }
  // Null: it is not in flight (any more).
  const InFlight* find(std::uint64_t token) const {
    const auto found = flights_.find(token);
    return found == flights_.end() ? nullptr : &found->second;
  }
  void erase(std::uint64_t token) {
    bytes_ -= flights_.at(token).bytes;
    flights_.erase(token);
  }
  void erase_of(const transport::PartitionId& partition) {
    std::erase_if(flights_, [&](const auto& item) {
      if (item.second.partition != partition) return false;
      bytes_ -= item.second.bytes;
      return true;
    });
  }
  void clear() {
    flights_.clear();
    bytes_ = 0;
  }
  template <class Visit>
  void for_each(const Visit& visit) const {
    for (const auto& [token, flight] : flights_) visit(flight);
  }

  std::size_t size() const { return flights_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  std::map<std::uint64_t, InFlight> flights_;
  std::size_t bytes_ = 0;
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
  std::size_t in_flight_bytes_max = 0;
  std::shared_ptr<RunningBoard> board;
  std::vector<transport::Notice> notices;  // not received yet
  Flights in_flight;
  std::uint64_t last_token = 0;
  std::set<transport::PartitionId> paused;
  std::optional<transport::PartitionId> last_served;
  bool woken = false;
  bool away = false;  // its connection is cut: no member for now

  bool has_room() const { return in_flight.size() < in_flight_max && in_flight.bytes() < in_flight_bytes_max; }
};

}  // namespace tidings::memory
