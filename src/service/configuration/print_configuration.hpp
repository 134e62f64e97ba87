// What --print-config prints: a TOML file of all that is in effect, each line with its origin.
//
// Pure.
#pragma once

#include <string>
#include <vector>

#include "service/configuration/settings.hpp"
#include "service/configuration/subscription_overrides.hpp"
#include "service/configuration/topic_overrides.hpp"

namespace tidings::service {

std::string print_configuration(const std::vector<Setting>& settings, const std::vector<PolicySetting>& policies,
                                const std::vector<TopicSetting>& topics);

}  // namespace tidings::service
