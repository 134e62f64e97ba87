// What --describe prints: the whole contract of a service, as JSON.
//
// Format: docs/getting-started.md. Members are only ever added to it.
// Pure.
#pragma once

#include <boost/describe.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "service/plan/plan.hpp"

namespace tidings::service {

struct FieldDescription {
  std::string name;  // in the Kafka profile
  std::string type;  // `string`, `list<OrderItem>`, ...; structs are described in Description::structs
  std::optional<bool> required;
  std::optional<bool> masked;
  std::optional<std::string> format;
  std::optional<std::string> doc;
};
BOOST_DESCRIBE_STRUCT(FieldDescription, (), (name, type, required, masked, format, doc))

struct RetryDescription {
  int attempts_max = 0;
  std::string delay_first;
  double factor = 0;
  std::string delay_max;
  double jitter = 0;
  std::vector<std::string> give_up_on;
};
BOOST_DESCRIBE_STRUCT(RetryDescription, (), (attempts_max, delay_first, factor, delay_max, jitter, give_up_on))

struct BatchDescription {
  std::uint64_t size = 0;
  std::string wait;
};
BOOST_DESCRIBE_STRUCT(BatchDescription, (), (size, wait))

struct HandlerDescription {
  std::optional<std::string> type;  // none: any event that no other handler takes
  std::optional<int> version;
  std::vector<FieldDescription> fields;
  RetryDescription retry;
  std::string timeout;
  std::string on_timeout;
  std::optional<BatchDescription> batch;
};
BOOST_DESCRIBE_STRUCT(HandlerDescription, (), (type, version, fields, retry, timeout, on_timeout, batch))

struct SubscriptionDescription {
  std::string group;
  std::optional<std::string> topic;
  std::optional<std::string> pattern;
  std::optional<std::vector<std::string>> extra_topics;
  bool command = false;
  std::optional<std::string> queue;
  std::string sharing;
  std::string order;
  std::uint64_t concurrency = 1;
  std::uint64_t in_flight_max = 0;
  int crash_attempts_max = 0;
  std::string unhandled;
  std::string require_id;
  std::string start;
  bool inbox = false;
  std::vector<HandlerDescription> handlers;
};
BOOST_DESCRIBE_STRUCT(SubscriptionDescription, (),
                      (group, topic, pattern, extra_topics, command, queue, sharing, order, concurrency, in_flight_max,
                       crash_attempts_max, unhandled, require_id, start, inbox, handlers))

struct PublicationDescription {
  std::string type;
  int version = 1;
  std::optional<std::string> topic;
  std::optional<std::string> destination;  // of a command
  std::vector<FieldDescription> fields;
};
BOOST_DESCRIBE_STRUCT(PublicationDescription, (), (type, version, topic, destination, fields))

struct Description {
  std::string service;
  std::string tidings;  // version of the library
  std::vector<SubscriptionDescription> subscriptions;
  std::vector<PublicationDescription> publications;
  std::map<std::string, std::vector<FieldDescription>> structs;  // that fields speak of
};
BOOST_DESCRIBE_STRUCT(Description, (), (service, tidings, subscriptions, publications, structs))

Description describe_service(const std::string& service, const std::vector<SubscriptionPlan>& plans,
                             const std::vector<const EventType*>& published);

// JSON on several lines, two spaces a level.
Result<std::string> to_text(const Description& description);

// Compact JSON with line breaks and indentation.
std::string indented_json(std::string_view compact);

}  // namespace tidings::service
