// Looks at a deployment and says what is wrong with it and how to repair it. Changes nothing.
//
// Threads: any. Blocks: on the store or the broker, at most about kReachWithin where it cannot be reached.
#pragma once

#include <boost/describe.hpp>
#include <vector>

#include "operate/findings.hpp"
#include "tidings/executor.hpp"
#include "tidings/transport/place.hpp"
#include "tidings/transport/transport.hpp"
#include "tidings/transport/url.hpp"

namespace tidings::operate {

inline constexpr Duration kReachWithin = std::chrono::seconds{5};

struct Diagnosis {
  std::vector<Finding> findings;  // every check, in the order in which they were made
};
BOOST_DESCRIBE_STRUCT(Diagnosis, (), (findings))

// `place.verify`, where it is set, was called before the transport was opened, and found nothing.
Diagnosis examine(transport::Transport& transport, Executor& executor, const transport::Place& place,
                  const Thresholds& thresholds);

// The diagnosis of a transport that could not even be opened.
Diagnosis unreachable(const transport::Url& url, const transport::Place& place, const Error& error);

// The worst of them.
Level worst(const Diagnosis& diagnosis);

}  // namespace tidings::operate
