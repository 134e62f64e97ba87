// Faults that a test asks of a memory deployment (A16).
//
// Pure. Threads: the caller serialises.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tidings/result.hpp"

namespace tidings::memory {

// The named points: each record published, each delivery settled, each receive() that has something.
enum class FaultPoint { publish, settle, receive };

enum class FaultMoment { before, after };  // it is performed

enum class Harm {
  refuse,   // answers `error`: before: nothing was done; after: it was done, and the answer was lost
  hang,     // waits until MemoryBroker::heal(), or until the caller gives up
  drop,     // the process's connection is lost and comes back at once
  cut_off,  // likewise, and stays away until MemoryBroker::restore()
  crash,    // the process is dead
};

struct Fault {
  FaultPoint point = FaultPoint::publish;
  FaultMoment moment = FaultMoment::before;
  Harm harm = Harm::refuse;
  Error error = unavailable("refused by a fault of the test");
  std::string process;    // where it strikes; empty: in any
  std::size_t skip = 0;   // so many times it does not strike first
  std::size_t times = 1;  // then so many times it does
};

class MemoryFaults final {
 public:
  void add(Fault fault) { faults_.push_back(std::move(fault)); }
  void clear() { faults_.clear(); }

  // What strikes here and now, if anything; the first one added wins.
  std::optional<Fault> strike(FaultPoint point, FaultMoment moment, const std::string& process);

 private:
  std::vector<Fault> faults_;
};

}  // namespace tidings::memory
