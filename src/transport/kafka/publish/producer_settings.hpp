// What librdkafka is told of a producer: acks=all, idempotent, without gaps, by the murmur2 of Java's client.
// Its properties: https://github.com/confluentinc/librdkafka/blob/v2.0.2/CONFIGURATION.md
#pragma once

#include "tidings/transport/transport.hpp"
#include "transport/kafka/client/cluster.hpp"

namespace tidings::kafka {

Settings producer_settings(const KafkaOptions& options, const transport::PublisherOptions& publisher);

}  // namespace tidings::kafka
