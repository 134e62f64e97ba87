#include "transport/kafka/format/history_cursor.hpp"

#include <fmt/format.h>

#include <charconv>

namespace tidings::kafka {

namespace {

template <class Number>
bool read(std::string_view text, Number& to) {
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), to);
  return fault == std::errc{} && end == text.data() + text.size() && to >= 0;
}

}  // namespace

std::string cursor_of(const HistoryPlaces& places) {
  std::string text;
  for (const auto& [partition, offset] : places) {
    text += fmt::format("{}{}:{}", text.empty() ? "" : ",", partition, offset);
  }
  return text;
}

std::optional<HistoryPlaces> places_of(std::string_view cursor) {
  HistoryPlaces places;
  while (!cursor.empty()) {
    const auto place = cursor.substr(0, cursor.find(','));
    cursor.remove_prefix(place.size());
    if (!cursor.empty()) cursor.remove_prefix(1);
    const auto colon = place.find(':');
    std::int32_t partition = 0;
    std::int64_t offset = 0;
    if (colon == place.npos || !read(place.substr(0, colon), partition) || !read(place.substr(colon + 1), offset)) {
      return std::nullopt;
    }
    if (!places.emplace(partition, offset).second) return std::nullopt;
  }
  return places;
}

}  // namespace tidings::kafka
