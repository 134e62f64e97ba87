// What is left behind by a member that died: its partitions go to nobody, and what it was handling becomes suspect.
#pragma once

#include <string>

#include "transport/local/store/committer.hpp"
#include "transport/local/tables/member_table.hpp"

namespace tidings::local {

// In one transaction with the reading of its board, so that whoever owns a partition next knows all of it. Nothing
// happens when somebody else did it before.
void reap(Commit& commit, const std::string& directory, const MemberRow& member);

}  // namespace tidings::local
