// What handlers did, one after another: order, overlap, and how many at once.
//
// Pure.
#pragma once

#include <string>
#include <vector>

#include "tests/sim/account.hpp"
#include "tests/sim/scenario.hpp"

namespace tidings::sim {

// P4: runs of one key of a strict group that overlap, though nobody was cut off.
std::vector<std::string> overlaps(const Scenario& scenario, const Account& account);
// P4: events of one key of a strict group whose first runs stand in another order than the log.
std::vector<std::string> overtakings(const Scenario& scenario, const Account& account);
// P9: more runs at once in a process than its concurrency.
std::vector<std::string> crowds(const Scenario& scenario, const Account& account);
// P4: events that had to wait for an earlier one of their key in a relaxed group.
std::vector<std::string> held_by_relaxed(const Scenario& scenario, const Account& account);
// P5: retries that came before their time.
std::vector<std::string> early_retries(const Scenario& scenario, const Account& account);

}  // namespace tidings::sim
