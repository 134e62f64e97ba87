// The policies that a configuration file may change, one by one: how each is read, and how it is shown.
//
// Pure.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "service/plan/plan.hpp"

namespace tidings::service {

enum class PolicyOf {
  subscription,  // of all handlers together
  handler,       // of each handler by itself
  batch,         // of each handler of batches
};

struct Policy {
  std::string key;  // `retry.attempts_max`
  PolicyOf of = PolicyOf::handler;
  // invalid: the text is no such value. Whether the value may be is the plan's to say.
  std::function<Result<void>(Registration&, std::string_view)> set;
  std::function<bool(const Registration&)> by_program;  // it says something else than the default
  std::function<std::string(const SubscriptionPlan&, const HandlerPlan&)> show;
};

// In the order in which they are shown.
const std::vector<Policy>& policies();

// Whether the registration has such a policy at all.
bool has_policy(const Registration& registration, PolicyOf of);

// How a file names a handler: `OrderCreated`, `OrderCreated v2`; `any` is the one of any event.
std::string handler_name(const Registration& registration);

}  // namespace tidings::service
