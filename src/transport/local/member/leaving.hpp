// How a member leaves its group, also where the store cannot be written for a while.
//
// Owns:    a thread for each member that could not leave at once; it holds the store open until the member has left,
//          or the process ends: as long as this process lives, nobody else takes the partitions from it.
#pragma once

#include <memory>

namespace tidings::local {

class Member;
class Store;

// Tries for kCloseWithin, then leaves the rest to a thread of its own.
void leave(std::shared_ptr<Store> store, std::shared_ptr<Member> member);

}  // namespace tidings::local
