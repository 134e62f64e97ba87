#include "transport/memory/memory_faults.hpp"

namespace tidings::memory {

std::optional<Fault> MemoryFaults::strike(FaultPoint point, FaultMoment moment, const std::string& process) {
  for (Fault& fault : faults_) {
    const bool here =
        fault.point == point && fault.moment == moment && (fault.process.empty() || fault.process == process);
    if (!here || fault.times == 0) continue;
    if (fault.skip > 0) {
      --fault.skip;
      continue;
    }
    --fault.times;
    return fault;
  }
  return std::nullopt;
}

}  // namespace tidings::memory
