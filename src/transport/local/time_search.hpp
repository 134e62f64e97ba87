// From a point in time to a place in the events: their times of publishing never go back.
#pragma once

#include <optional>

#include "transport/local/group_progress.hpp"
#include "transport/local/lmdb_environment.hpp"

namespace tidings::local {

// The first event that was published at or after `time`; nothing: there is none.
std::optional<Sequence> first_at(Transaction& transaction, Time time);

}  // namespace tidings::local
