// Carries a scenario out: services on `memory:` and a virtual clock, and a director that does to them what it says.
//
// Threads: the one that calls it. Blocks: for some 50 ms; virtually for minutes.
#pragma once

#include "tests/sim/account.hpp"
#include "tests/sim/scenario.hpp"

namespace tidings::sim {

Account carry_out(const Scenario& scenario);

}  // namespace tidings::sim
