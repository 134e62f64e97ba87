// What a configuration file may change about subscriptions without a new build.
//
//   [subscription."orders"]          topic or pattern; `[subscription."GROUP/TOPIC"]` where groups differ
//   concurrency = 16
//   retry.attempts_max = 8
//
// Pure. Retry and timeout go to every handler of the subscription.
#pragma once

#include <string>
#include <vector>

#include "service/shell/settings.hpp"
#include "tidings/contract.hpp"

namespace tidings::service {

// A value of a subscription, as --print-config shows it.
struct PolicySetting {
  std::string subscription;  // `orders`
  std::string key;           // `retry.attempts_max`
  std::string value;
  Origin origin;
};

// Its topic or pattern.
std::string subscription_of(const Registration& registration);

// Changes the registrations by the `subscription` entries of the file. Adds a line to `faults` for each unknown
// subscription, unknown key and bad value.
void apply_overrides(const std::vector<FileEntry>& file, const std::string& service,
                     std::vector<Registration>& registrations, std::vector<std::string>& faults);

// What is in effect, in the order of declaration; of several handlers the first one's retry and timeout.
std::vector<PolicySetting> policy_settings(const std::vector<FileEntry>& file, const std::string& service,
                                           const std::vector<Registration>& registrations);

}  // namespace tidings::service
