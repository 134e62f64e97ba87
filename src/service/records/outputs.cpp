#include "service/records/outputs.hpp"

#include <fmt/format.h>

#include "base/flaw.hpp"
#include "tidings/type_name.hpp"
#include "tidings/uuid.hpp"

namespace tidings::service {

Envelope envelope_from(PublishOptions& options) {
  return {.id = std::move(options.id),
          .aggregate_id = std::move(options.aggregate_id),
          .correlation_id = std::move(options.correlation_id),
          .metadata = std::move(options.metadata)};
}

namespace {

// No type has a zero byte.
std::string kind_of(const EventType& type, std::string_view key) {
  std::string kind = dotted_type(type.info.type);
  kind += '\0';
  return kind.append(key);
}

}  // namespace

Result<void> Outputs::add(const EventType& type, const void* data, PublishOptions options) {
  if (auto declared = encoder_.check(type); !declared) return declared;
  if (records_.size() >= kOutputsMax) {
    return overloaded(fmt::format(
        "a handler publishes at most {} events for one; publish a reference to many, or fewer", kOutputsMax));
  }
  // What says nothing of its place stays in the order of its cause, whatever that was published under.
  if (options.key.empty() && options.aggregate_id.empty() && cause_.key) options.key = *cause_.key;
  Publication publication{.envelope = envelope_from(options), .key = options.key};
  Envelope& envelope = publication.envelope;
  inherit(cause_.envelope, envelope);
  envelope.time = options.time.value_or(executor_.now());
  const std::string_view key = options.key.empty() ? std::string_view{envelope.aggregate_id} : options.key;
  Kind kind = kind_of(type, key);
  if (envelope.id.empty()) envelope.id = id_for(type, key, kind);
  auto record = encoder_.encode(type, data, std::move(publication));
  if (!record) return record.error();
  const std::size_t bytes = transport::size_of(*record);
  if (bytes_ + bytes > kOutputsBytesMax) {
    return overloaded(fmt::format(
        "a handler publishes at most {} bytes for one event; publish references to the data, or fewer events",
        kOutputsBytesMax));
  }
  bytes_ += bytes;
  records_.push_back(*std::move(record));
  ++counts_[std::move(kind)];
  return {};
}

// The same in every run of the handler for this event (promise P7), if the event has a name.
std::string Outputs::id_for(const EventType& type, std::string_view key, const Kind& kind) const {
  if (cause_.envelope.id.empty() || flawed(Flaw::output_ids_new)) return new_id(executor_);
  const auto before = counts_.find(kind);
  return derived_id({.event_id = cause_.envelope.id,
                     .subscription = cause_.subscription,
                     .type = type.info.type,
                     .key = key.empty() ? std::nullopt : std::optional{key},
                     .ordinal = before == counts_.end() ? 0 : before->second,
                     .replay = cause_.replay_id});
}

}  // namespace tidings::service
