// Whose runs do not count for a while: that of processes which were cut off and may not know it (P4's exception).
#pragma once

#include <set>
#include <string>

#include "tests/sim/account.hpp"

namespace tidings::sim {

class Stale final {
 public:
  // Looks at each entry, in order.
  void take(const Entry& entry) {
    if (entry.step == "stale") stale_.insert(entry.instance);
    if (entry.step != "fresh") return;
    if (const auto found = stale_.find(entry.instance); found != stale_.end()) stale_.erase(found);
  }
  bool is(const std::string& instance) const { return stale_.contains("") || stale_.contains(instance); }

 private:
  std::multiset<std::string> stale_;  // processes; "": all
};

}  // namespace tidings::sim
