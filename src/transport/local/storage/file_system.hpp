// Whether a store can lie on a file system: its processes share memory and locks by its files, on one machine.
#pragma once

#include <string>
#include <string_view>

namespace tidings::local {

// By the number that statfs(2) gives, and by the word of the list of mounts ("ext4", "fuse.sshfs"), which alone tells
// file systems apart that programs make (FUSE). One that is not known is taken for a local one.
bool is_network(long type, std::string_view mounted_as);

// That word, of the file system of an open file; empty: nobody can tell.
std::string mounted_as(int descriptor);

}  // namespace tidings::local
