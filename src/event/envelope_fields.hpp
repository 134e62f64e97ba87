// The members of a body, in the order in which we write them. docs/wire.md lists them.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "tidings/profile.hpp"

namespace tidings {

enum class EnvelopeField : std::size_t {
  id,
  type,
  time,
  aggregate_id,
  version,
  correlation_id,
  causation_id,
  data,
  metadata,
  trace_context,  // read only
};

struct EnvelopeFieldNames {
  std::array<std::string_view, 2> names;  // by Profile

  constexpr std::string_view name(Profile profile) const { return names[static_cast<std::size_t>(profile)]; }
};

inline constexpr std::array<EnvelopeFieldNames, 10> kEnvelopeFields{{{{"eventId", "event_id"}},
                                                                     {{"eventType", "event_type"}},
                                                                     {{"timestamp", "timestamp"}},
                                                                     {{"aggregateId", "aggregate_id"}},
                                                                     {{"version", "version"}},
                                                                     {{"correlationId", "correlation_id"}},
                                                                     {{"causationId", "causation_id"}},
                                                                     {{"data", "data"}},
                                                                     {{"metadata", "metadata"}},
                                                                     {{"traceContext", "trace_context"}}}};

constexpr std::string_view envelope_name(EnvelopeField field, Profile profile) {
  return kEnvelopeFields[static_cast<std::size_t>(field)].name(profile);
}

}  // namespace tidings
