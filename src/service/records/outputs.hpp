// What the handling of one event publishes, until it leaves with the settlement.
//
// Threads: the handler's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "service/records/encoder.hpp"
#include "tidings/executor.hpp"
#include "tidings/publish_options.hpp"

namespace tidings::service {

// Of one handling, so that its memory is bounded.
inline constexpr std::size_t kOutputsMax = 10'000;
inline constexpr std::size_t kOutputsBytesMax = 64u << 20;  // by size_of(record)

// The event that is handled. All of it outlives the handling.
struct Cause {
  const Envelope& envelope;
  std::string_view subscription;  // group and what it reads: part of derived ids
  std::string_view replay_id;
  std::optional<std::string_view> key;  // that orders it
};

class Outputs final {
 public:
  // All of them outlive it.
  Outputs(Cause cause, const Encoder& encoder, Executor& executor)
      : cause_{cause}, encoder_{encoder}, executor_{executor} {}

  // What the options leave open comes from the cause: correlation id, aggregate id and key, and an id that is the same
  // whenever it is handled (P7). invalid: not declared, too large, not encodable. overloaded: kOutputsMax,
  // kOutputsBytesMax.
  Result<void> add(const EventType& type, const void* data, PublishOptions options);

  const std::vector<transport::Record>& records() const { return records_; }
  std::vector<transport::Record> take() { return std::move(records_); }

 private:
  // Of an output: its type by its words, and its key.
  using Kind = std::string;
  std::string id_for(const EventType& type, std::string_view key, const Kind& kind) const;

  const Cause cause_;
  const Encoder& encoder_;
  Executor& executor_;
  std::vector<transport::Record> records_;
  std::unordered_map<Kind, std::uint64_t> counts_;  // of records_: derived ids count within type and key
  std::size_t bytes_ = 0;
};

// The envelope that options ask for; what they leave open is empty.
Envelope envelope_from(PublishOptions& options);

}  // namespace tidings::service
