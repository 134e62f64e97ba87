// Where a reading of a topic's history goes on, as text: `partition:offset,...`.
//
// Threads: values; pure functions.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace tidings::kafka {

using HistoryPlaces = std::map<std::int32_t, std::int64_t>;  // by partition, the offset of what comes next

std::string cursor_of(const HistoryPlaces& places);
// Nothing: it is no such text. Empty text: no places.
std::optional<HistoryPlaces> places_of(std::string_view cursor);

}  // namespace tidings::kafka
