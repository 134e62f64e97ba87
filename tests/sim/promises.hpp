// Whether what happened is what design and documentation promise (docs/architecture.md, P1 to P9).
//
// Pure.
#pragma once

#include <string>
#include <vector>

#include "tests/sim/account.hpp"
#include "tests/sim/scenario.hpp"

namespace tidings::sim {

// Each promise that was broken, by its number, and by whom; empty: none.
std::vector<std::string> broken_promises(const Scenario& scenario, const Account& account);

}  // namespace tidings::sim
