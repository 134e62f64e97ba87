#include "transport/kafka/format/retry_ladder.hpp"

#include <algorithm>

namespace tidings::kafka {

std::int32_t retry_partition(std::optional<Time> due, Time now) {
  const Duration left = due ? *due - now : Duration::zero();
  const auto longer = std::upper_bound(kRetrySteps.begin() + 1, kRetrySteps.end(), left);
  return static_cast<std::int32_t>(longer - kRetrySteps.begin()) - 1;
}

Time step_ends(std::int32_t partition, std::optional<Time> stored, std::optional<Time> due) {
  if (!due) return Time::min();
  const auto step = static_cast<std::size_t>(partition);
  if (step == 0 || step >= kRetrySteps.size() || !stored) return *due;
  return std::min(*due, *stored + kRetrySteps[step]);
}

}  // namespace tidings::kafka
