// An inbox, in a process that may die on the way (kInboxSteps).
#pragma once

#include <memory>

#include "tests/conformance/service/mortal.hpp"
#include "tidings/inbox.hpp"

namespace tidings::conformance {

// In the order of a delivery: the transaction is open; its mark is set; the handler left its effect, by its worker; the
// mark and what it published are written, or undone when it failed; all is committed; its outputs are confirmed.
inline constexpr const char* kInboxSteps[] = {"begun",  "admitted",  "effect",   "kept",
                                              "undone", "committed", "confirmed"};

// Each `commits_refused`-th commit is refused once, before anything is committed; 0: none.
std::shared_ptr<Inbox> mortal_inbox(std::shared_ptr<Inbox> inbox, std::shared_ptr<Mortal> mortal,
                                    int commits_refused = 0);

}  // namespace tidings::conformance
