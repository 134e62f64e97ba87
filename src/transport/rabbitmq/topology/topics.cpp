#include "transport/rabbitmq/topology/topics.hpp"

#include "transport/rabbitmq/link/rabbitmq_limits.hpp"

namespace tidings::rabbitmq {

StreamSpec history_of(const Names& names, const std::string& topic, const AmqpOptions& options) {
  return {.name = names.history(topic), .segment_bytes_max = kHistorySegmentBytesMax, .kept = options.history};
}

Result<void> declare_topic(Link& link, Channel channel, const Names& names, const AmqpOptions& options,
                           const std::string& topic) {
  if (auto done = link.declare(channel, ExchangeSpec{.name = names.events()}); !done) return done;
  if (auto done = link.declare(channel, ExchangeSpec{.name = names.topic(topic), .type = "fanout"}); !done) {
    return done;
  }
  if (options.history > Duration::zero()) {
    const StreamSpec stream = history_of(names, topic, options);
    if (auto done = declare_stream(link, channel, stream); !done) return done;
    const BindingSpec binding{.from = names.topic(topic), .to = stream.name};
    if (auto done = link.bind_queue(channel, binding); !done) return done;
  }
  return lead_type(link, channel, names, "", topic);
}

Result<void> lead_type(Link& link, Channel channel, const Names& names, const std::string& type,
                       const std::string& topic) {
  for (const std::string& key : routing_keys(type, topic)) {
    const BindingSpec binding{.from = names.events(), .to = names.topic(topic), .key = key};
    if (auto done = link.bind_exchange(channel, binding); !done) return done;
  }
  return {};
}

}  // namespace tidings::rabbitmq
