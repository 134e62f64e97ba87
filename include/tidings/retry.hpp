// What becomes of events that could not be handled, and when a failed handler runs again.
#pragma once

#include <string>
#include <vector>

#include "tidings/names.hpp"
#include "tidings/result.hpp"
#include "tidings/transport/settlement.hpp"

#pragma GCC visibility push(default)

namespace tidings {

using transport::RetryOrder;

// What becomes of what cannot be handled (P6).
enum class Unwanted { dead_letter, skip };

// The n-th retry comes after delay_first * factor^(n-1), at most delay_max, spread by jitter.
struct RetryPolicy {
  int attempts_max = 5;                            // handler runs in all, the first included; 1: never again. 1..1'000
  Duration delay_first = std::chrono::seconds{1};  // > 0
  double factor = 2.0;                             // 1.0..100
  Duration delay_max = std::chrono::minutes{10};   // >= delay_first
  double jitter = 0.1;  // 0..1: each delay is drawn from [1 - jitter, 1 + jitter] times itself; keeps crowds apart
  // Kinds that go to the dead letters at the first failure. Others wait and try again.
  std::vector<ErrorKind> give_up_on = {ErrorKind::invalid, ErrorKind::corrupt, ErrorKind::unsupported};
};

// All faults of a policy, each with the field, its value and its range; empty: fine.
std::vector<std::string> validate(const RetryPolicy& policy);

}  // namespace tidings

#pragma GCC visibility pop
