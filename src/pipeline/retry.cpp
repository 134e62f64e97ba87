#include "tidings/retry.hpp"

#include <fmt/format.h>

namespace tidings {

std::vector<std::string> validate(const RetryPolicy& policy) {
  std::vector<std::string> faults;
  const auto fault = [&](std::string_view field, auto value, std::string_view range) {
    faults.push_back(fmt::format("retry.{} is {}: set it to {}", field, value, range));
  };
  if (policy.attempts_max < 1 || policy.attempts_max > 1'000) fault("attempts_max", policy.attempts_max, "1..1000");
  if (policy.delay_first <= Duration::zero()) fault("delay_first", policy.delay_first.count(), "more than 0 (us)");
  if (!(policy.factor >= 1.0 && policy.factor <= 100.0)) fault("factor", policy.factor, "1.0..100");
  if (policy.delay_max < policy.delay_first) fault("delay_max", policy.delay_max.count(), "at least delay_first (us)");
  if (!(policy.jitter >= 0.0 && policy.jitter <= 1.0)) fault("jitter", policy.jitter, "0..1");
  return faults;
}

}  // namespace tidings
