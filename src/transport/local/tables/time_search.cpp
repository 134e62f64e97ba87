#include "transport/local/tables/time_search.hpp"

#include "transport/local/tables/record_codec.hpp"

namespace tidings::local {

namespace {

bool published_before(Bytes stored, Time time) {
  const auto header = decode_header(stored);
  return header && header->published < time;
}

}  // namespace

std::optional<Sequence> first_at(Transaction& transaction, Time time) {
  TreeCursor cursor{transaction, Tree::events};
  if (!cursor.last() || published_before(cursor.value(), time)) return std::nullopt;
  Sequence high = cursor.sequence();  // at or after
  if (!cursor.first()) return std::nullopt;
  Sequence low = cursor.sequence();
  while (low < high) {
    const Sequence middle = low + (high - low) / 2;
    if (!cursor.seek_event(middle)) return std::nullopt;
    if (published_before(cursor.value(), time)) {
      low = cursor.sequence() + 1;
    } else {
      high = middle;
    }
  }
  return cursor.seek_event(high) ? std::optional{cursor.sequence()} : std::nullopt;
}

}  // namespace tidings::local
