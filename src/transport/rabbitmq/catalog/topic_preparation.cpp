#include "transport/rabbitmq/catalog/topic_preparation.hpp"

#include <fmt/format.h>

#include "transport/rabbitmq/catalog/foreign_letters.hpp"
#include "transport/rabbitmq/topology/topics.hpp"

namespace tidings::rabbitmq {

namespace {

constexpr Channel kChannel = 2;  // the producer's messages have the first

}  // namespace

Result<void> TopicPreparation::begin(Link& link) {
  if (auto opened = link.open_channel(kChannel); !opened) return opened;
  if (auto done = link.declare(kChannel, ExchangeSpec{.name = names_.events()}); !done) return done;
  // Whoever made them otherwise hears it when a service starts (Transport::declare).
  if (!declare_foreign_letters(link, kChannel, names_) && !link.is_dead()) {
    if (auto opened = link.open_channel(kChannel); !opened) return opened;
  }
  for (const auto& [topic, keys] : led_) {
    if (auto done = declare_topic(link, kChannel, names_, options_, topic); !done) return done;
    for (const auto& [type, key] : keys) {
      if (auto done = lead_type(link, kChannel, names_, type, topic); !done) return done;
    }
  }
  return {};
}

Result<void> TopicPreparation::prepare(Link& link, Outgoing& message) {
  if (message.exchange != names_.events()) return {};
  const std::string& topic = message.record.topic;
  const std::string* key = key_of(topic, message.record.type);
  if (key == nullptr) {
    if (auto learned = learn(link, topic, message.record.type); !learned) return learned;
    key = key_of(topic, message.record.type);
  }
  message.key = *key;
  if (!commands_.contains(topic)) return {};
  message.exchange = names_.topic(topic);
  message.may_find_full = options_.commands_max > 0;
  return {};
}

// None: it was not led there yet.
const std::string* TopicPreparation::key_of(const std::string& topic, const std::string& type) const {
  const auto keys = led_.find(topic);
  if (keys == led_.end()) return nullptr;
  const auto key = keys->second.find(type);
  return key == keys->second.end() ? nullptr : &key->second;
}

Result<void> TopicPreparation::learn(Link& link, const std::string& topic, const std::string& type) {
  const auto known = look_(topic);
  if (!known) return known.error();
  if (!*known) {
    return invalid(
        fmt::format("topic '{0}' is not there: create it with `tidings topics create {0}`, or declare it", topic));
  }
  auto done = declare_topic(link, kChannel, names_, options_, topic);
  if (done) done = lead_type(link, kChannel, names_, type, topic);
  // Who refuses a request closes its channel.
  if (!done && !link.is_dead()) (void)link.open_channel(kChannel);
  if (!done) return done;
  led_[topic][type] = routing_key(type, topic);
  if ((*known)->command) commands_.insert(topic);
  return {};
}

}  // namespace tidings::rabbitmq
