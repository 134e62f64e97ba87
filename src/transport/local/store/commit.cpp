#include "transport/local/store/commit.hpp"

#include <algorithm>
#include <cstring>

#include "transport/local/tables/record_codec.hpp"
#include "transport/local/tables/topic_stats.hpp"

namespace tidings::local {

Commit::Commit(WriteTransaction& transaction, SpaceWatch& space, Time now)
    : transaction_{transaction}, space_{space}, now_{now} {}

Result<void> Commit::room_for(Room room, std::size_t bytes) {
  auto granted = space_.room_for(transaction_, room, bytes, now_);
  if (space_.take_refused()) announce(kRoomWanted);
  return granted;
}

void Commit::load_last() {
  if (loaded_) return;
  loaded_ = true;
  TreeCursor newest{transaction_, Tree::events};
  if (!newest.last()) return;
  last_sequence_ = newest.sequence();
  if (const auto header = decode_header(newest.value())) last_published_ = header->published;
}

std::uint64_t Commit::append(Bytes stored) {
  load_last();
  char* room = transaction_.append_event(last_sequence_ + 1, stored.size());
  if (room == nullptr) return 0;
  std::memcpy(room, stored.data(), stored.size());
  // Never back in time: a point in time is looked up by halving the sequence.
  last_published_ = std::max(last_published_, now_);
  stamp(room, last_published_);
  count(place_of(stored).topic, stored.size());
  announce(kEventsChanged);
  return ++last_sequence_;
}

std::uint64_t Commit::last_sequence() {
  load_last();
  return last_sequence_;
}

void Commit::count(std::uint32_t topic, std::size_t bytes) {
  auto found = std::ranges::find(stats_, topic, &Stats::topic);
  if (found == stats_.end()) found = stats_.insert(found, Stats{.topic = topic});
  ++found->records;
  found->bytes += static_cast<std::int64_t>(bytes);
}

void Commit::at_end(std::shared_ptr<AtCommitEnd> writer) {
  if (std::find(ends_.begin(), ends_.end(), writer) == ends_.end()) ends_.push_back(std::move(writer));
}

void Commit::write_ends() {
  for (const auto& writer : ends_) writer->write(*this);
  for (const Stats& added : stats_) change_stats(transaction_, added.topic, added.records, added.bytes);
}

}  // namespace tidings::local
