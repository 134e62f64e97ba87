// What can be known of a store without opening it.
//
// Threads: any. Blocks: on the file system.
#pragma once

#include "tidings/result.hpp"
#include "tidings/transport/place.hpp"
#include "tidings/transport/url.hpp"

namespace tidings::local {

// Its directory; changes nothing there. unavailable: it cannot be looked at.
Result<transport::Place> examine_local(const transport::Url& url);

}  // namespace tidings::local
