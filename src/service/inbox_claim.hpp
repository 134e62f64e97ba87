// Which database is the inbox of a group.
#pragma once

#include <string>

#include "tidings/transport/control.hpp"

namespace tidings::service {

// The first store that a group's inbox names is the group's for ever (Control key `inbox/<group>`).
// invalid: this one is another.
Result<void> claim_inbox(transport::Control& control, const std::string& group, const std::string& store_id);

}  // namespace tidings::service
