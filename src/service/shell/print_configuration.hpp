// What --print-config prints: a TOML file of all that is in effect, each line with its origin.
//
// Pure.
#pragma once

#include <string>
#include <vector>

#include "service/shell/settings.hpp"
#include "service/shell/subscription_overrides.hpp"
#include "service/shell/topic_overrides.hpp"

namespace tidings::service {

std::string print_configuration(const std::vector<Setting>& settings, const std::vector<PolicySetting>& policies,
                                const std::vector<TopicSetting>& topics);

}  // namespace tidings::service
