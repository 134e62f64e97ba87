// Handler runs that should not have begun: after the end, beside a suspect, after the event was settled.
//
// Pure.
#pragma once

#include <string>
#include <vector>

#include "tests/sim/account.hpp"
#include "tests/sim/scenario.hpp"

namespace tidings::sim {

// P8: a process that was drained begins nothing.
std::vector<std::string> begun_after_drains(const Account& account);
// P5: a suspect runs beside no other event of its process.
std::vector<std::string> suspects_in_company(const Account& account);
// P2, P4: an event whose outcome is durable runs no more, unless it is replayed.
std::vector<std::string> reruns(const Scenario& scenario, const Account& account);

}  // namespace tidings::sim
