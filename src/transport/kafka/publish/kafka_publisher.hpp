// Publishes a user's events on Kafka.
#pragma once

#include <memory>

#include "transport/kafka/publish/producer.hpp"

namespace tidings::kafka {

Result<std::unique_ptr<transport::Publisher>> make_publisher(const std::shared_ptr<Cluster>& cluster,
                                                             const transport::PublisherOptions& options);

}  // namespace tidings::kafka
