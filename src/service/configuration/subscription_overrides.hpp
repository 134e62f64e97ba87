// What a configuration file may change about subscriptions without a new build.
//
//   [subscription."orders"]          topic or pattern; `[subscription."GROUP/TOPIC"]` where groups differ
//   concurrency = 16
//   retry.attempts_max = 8           for each of its handlers
//
//   [subscription."orders".handler."OrderCreated"]
//   retry.attempts_max = 3           for this one
//
// A handler's table goes before its subscription's, and a table that names the group before one that does not. Among
// equals the later line counts.
//
// Pure.
#pragma once

#include <string>
#include <vector>

#include "service/configuration/settings.hpp"
#include "service/plan/plan.hpp"

namespace tidings::service {

// A value that is in effect, as --print-config shows it.
struct PolicySetting {
  std::string subscription;  // `orders`
  std::string handler;       // `OrderCreated`; empty: of the subscription
  std::string key;           // `retry.attempts_max`
  std::string value;
  Origin origin;
  std::string note;  // what else there is to say; mostly empty
};

// Its topic or pattern.
std::string subscription_of(const Registration& registration);

// Changes the registrations by the `subscription` entries of the file. Adds a line to `faults` for each unknown
// subscription, handler and key, for each key at a wrong place, and for each bad value.
void apply_overrides(const std::vector<FileEntry>& file, const std::string& service,
                     std::vector<Registration>& registrations, std::vector<std::string>& faults);

// What is in effect by the plans of these registrations: for each subscription, in the order of declaration, its own
// policies, then those of each handler.
std::vector<PolicySetting> policy_settings(const std::vector<FileEntry>& file, const std::string& service,
                                           const std::vector<Registration>& registrations,
                                           const std::vector<SubscriptionPlan>& plans);

}  // namespace tidings::service
