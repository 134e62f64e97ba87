// Who should own which partition: the same answer in every process, from the same facts.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tidings::local {

using MemberId = std::uint64_t;  // 0: nobody

// `members` ascending; `owners` by partition, 0 or anybody not in `members`: free. Each member gets as many partitions
// as any other, or one more; it keeps what it has up to that, so few partitions move.
std::vector<MemberId> fair_assignment(std::span<const MemberId> members, std::span<const MemberId> owners);

}  // namespace tidings::local
