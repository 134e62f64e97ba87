// Which member of a subscription is to have which of its queues: as many each, but for one, and as few moves as that
// takes. All members come to the same from the same facts.
//
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace tidings::rabbitmq {

// `owners`: of each queue, by the member's number below `members`, who has it, or had it last and is there again.
// The answer: who is to have it. None are to have anything where there are no members.
std::vector<std::optional<std::size_t>> plan_queues(std::size_t members,
                                                    const std::vector<std::optional<std::size_t>>& owners);

}  // namespace tidings::rabbitmq
