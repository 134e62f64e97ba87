// Since when a group has no member, inside a transaction.
//
// Format:  docs/formats/local.md, tree `stats`.
#pragma once

#include <cstdint>
#include <map>

#include "tidings/names.hpp"
#include "transport/local/storage/lmdb_environment.hpp"

namespace tidings::local {

// A member of the group joined.
void end_absence(WriteTransaction& transaction, std::uint32_t group);
// A member of the group is erased: with the last one its absence begins.
void begin_absence(WriteTransaction& transaction, std::uint32_t group, Time now);

// The groups that have no member, by id; those of which it is not known since when are left out.
std::map<std::uint32_t, Time> absent_groups(Transaction& transaction);

// Groups of which it is not known since when they have no member: for them that begins now.
bool any_undated_absence(Transaction& transaction);
void date_absences(WriteTransaction& transaction, Time now);

}  // namespace tidings::local
