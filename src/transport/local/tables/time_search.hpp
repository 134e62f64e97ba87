// From a point in time to a place in the events: their times of publishing never go back.
#pragma once

#include <optional>

#include "transport/local/storage/lmdb_environment.hpp"
#include "transport/local/tables/group_progress.hpp"

namespace tidings::local {

// The first event that was published at or after `time`; nothing: there is none.
std::optional<Sequence> first_at(Transaction& transaction, Time time);

}  // namespace tidings::local
