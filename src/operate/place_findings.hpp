// What is in order in the place behind a URL, and what is not: judgements over what its driver tells
// (transport/place.hpp).
//
// Threads: pure functions.
#pragma once

#include <vector>

#include "operate/findings.hpp"
#include "tidings/result.hpp"
#include "tidings/transport/place.hpp"
#include "tidings/transport/url.hpp"

namespace tidings::operate {

// invalid: nobody but the process that made the deployment can look into it.
Result<void> expect_shared(const transport::Url& url, const transport::Place& place);

// unavailable: there is no deployment, and opening the URL would make one.
Result<void> expect_deployed(const transport::Url& url, const transport::Place& place);

// Permissions and room; none where the place is no directory.
std::vector<Finding> judge_place(const transport::Place& place);

}  // namespace tidings::operate
