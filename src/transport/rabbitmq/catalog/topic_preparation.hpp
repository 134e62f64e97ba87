// Before the first event for a topic: that it is there, and that its type's routing key leads there.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "transport/driver/pattern_topics.hpp"
#include "transport/rabbitmq/format/amqp_names.hpp"
#include "transport/rabbitmq/publish/amqp_producer.hpp"

namespace tidings::rabbitmq {

class TopicPreparation final : public Preparation {
 public:
  // None: there is no such topic. Blocks.
  using Look = std::function<Result<std::optional<transport::KnownTopic>>(const std::string& topic)>;
  TopicPreparation(const AmqpOptions& options, Look look)
      : options_{options}, names_{options.prefix}, look_{std::move(look)} {}

  Result<void> begin(Link& link) override;
  Result<void> prepare(Link& link, Outgoing& message) override;

 private:
  const std::string* key_of(const std::string& topic, const std::string& type) const;
  Result<void> learn(Link& link, const std::string& topic, const std::string& type);

  const AmqpOptions options_;
  const Names names_;
  const Look look_;
  // Routing keys by topic and type: as many as its process publishes.
  std::map<std::string, std::map<std::string, std::string>> led_;
  std::set<std::string> commands_;  // of those topics: no pattern reads them
};

}  // namespace tidings::rabbitmq
