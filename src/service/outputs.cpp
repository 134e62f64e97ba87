#include "service/outputs.hpp"

#include <fmt/format.h>

#include <algorithm>

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
  if (envelope.id.empty()) envelope.id = id_for(type, key);
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
  return {};
}

// The same in every run of the handler for this event (promise P7), if the event has a name.
std::string Outputs::id_for(const EventType& type, std::string_view key) const {
  if (cause_.envelope.id.empty() || flawed(Flaw::output_ids_new)) return new_id(executor_);
  const auto alike = [&](const transport::Record& record) {
    const std::string_view other = record.key ? std::string_view{*record.key} : std::string_view{};
    return other == key && same_type(record.type, type.info.type);
  };
  return derived_id({.event_id = cause_.envelope.id,
                     .subscription = cause_.subscription,
                     .type = type.info.type,
                     .key = key.empty() ? std::nullopt : std::optional{key},
                     .ordinal = static_cast<std::uint64_t>(std::ranges::count_if(records_, alike)),
                     .replay = cause_.replay_id});
}

}  // namespace tidings::service
