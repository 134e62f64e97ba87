// `kafka:`: the transport contract on Apache Kafka.
#pragma once

#include <memory>
#include <string>

#include "tidings/executor.hpp"
#include "tidings/transport/place.hpp"
#include "tidings/transport/transport.hpp"
#include "tidings/transport/url.hpp"

namespace tidings::kafka {

Result<std::unique_ptr<transport::Transport>> open_kafka(const transport::Url& url, std::shared_ptr<Executor> executor);

// A cluster of its own is always there, or cannot be looked at.
Result<transport::Place> examine_kafka(const transport::Url& url);

}  // namespace tidings::kafka
