// Where in the logs: what a subscription reads that starts at the end, and the order of what handlers published.
//
// Pure.
#pragma once

#include <string>
#include <vector>

#include "tests/sim/account.hpp"
#include "tests/sim/scenario.hpp"

namespace tidings::sim {

enum class Share { all, some, none };  // of the copies of an event

// What of it comes behind the head of a subscription.
Share share_behind(const Head& head, const Account& account, const std::string& id);

// Each instance of a broadcast handles all that is published while it lives, and nothing older.
std::vector<std::string> wrong_broadcasts(const Scenario& scenario, const Account& account);
// P4: outputs of one key's events, each published by a strict group, stand in the order of those events.
std::vector<std::string> overtaken_outputs(const Scenario& scenario, const Account& account);

}  // namespace tidings::sim
