#include "transport/memory/slice.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include "base/flaw.hpp"

namespace tidings::memory {

using State = Entry::State;

std::optional<EntryId> Slice::take(const TopicLog& log, Time now) {
  auto id = take_entry(now);
  if (!id) id = read_on(log);
  if (id) ++in_flight_;
  return id;
}

std::optional<EntryId> Slice::take_entry(Time now) {
  if (in_flight_ == entries_.size()) return std::nullopt;
  std::set<std::string_view> waiting;  // keys of which one waits until a later one is no longer in flight
  for (auto& [id, entry] : entries_) {
    const bool time_is_up = entry.attempts.due.value_or(now) <= now || flawed(Flaw::memory_relaxed_early);
    const bool due = entry.state == State::waiting && time_is_up;
    if (entry.state != State::pending && !due) continue;
    const auto& key = entry.kept->record().key;
    if (key && entry.released && !flawed(Flaw::memory_release_unordered) &&
        (waiting.contains(*key) || is_passed(id, entry))) {
      waiting.insert(*key);
      continue;
    }
    entry.state = State::in_flight;
    entry.released = false;
    return id;
  }
  return std::nullopt;
}

std::optional<EntryId> Slice::read_on(const TopicLog& log) {
  while (Kept kept = log.next(partition_, next_)) {
    next_ = kept->offset() + 1;
    if (kept->published() < start_.published) continue;
    const EntryId id{.offset = kept->offset()};
    const bool behind = is_behind_released(kept->record().key);
    entries_.emplace(
        id, Entry{.kept = std::move(kept), .state = behind ? State::pending : State::in_flight, .released = behind});
    if (!behind) return id;
  }
  return std::nullopt;
}

// Whether one of that key was given back and waits: what comes now belongs behind it.
bool Slice::is_behind_released(const std::optional<std::string>& key) const {
  if (!key || in_flight_ == entries_.size()) return false;
  return std::ranges::any_of(entries_, [&](const auto& earlier) {
    const Entry& entry = earlier.second;
    return entry.state == State::pending && entry.released && entry.kept->record().key == key;
  });
}

// Whether a later record of its key is in flight: handed out now, it would come after that one.
bool Slice::is_passed(EntryId id, const Entry& entry) const {
  const auto& key = entry.kept->record().key;
  if (!key) return false;
  return std::any_of(entries_.upper_bound(id), entries_.end(), [&](const auto& later) {
    return later.second.state == State::in_flight && later.second.kept->record().key == key;
  });
}

void Slice::finish(EntryId id) {
  entries_.erase(id);
  --in_flight_;
}

void Slice::retry(EntryId id, const transport::Retry& retry) {
  Entry& entry = at(id);
  entry.attempts = retry.attempts;
  entry.suspect = false;  // it ran alone and returned
  entry.marked = 0;
  if (retry.order == transport::RetryOrder::strict || flawed(Flaw::memory_relaxed_never)) return;
  entry.state = State::waiting;
  --in_flight_;
}

void Slice::release(EntryId id) {
  Entry& entry = at(id);
  give_back(entry);
  entry.released = true;
  if (flawed(Flaw::memory_release_charges)) ++entry.attempts.failed;
  --in_flight_;
}

void Slice::replay(Kept kept, int replays, std::string replay_id) {
  const EntryId id{.offset = kept->offset(), .replay = ++last_replay_};
  entries_.emplace(id, Entry{.kept = std::move(kept), .replays = replays, .replay_id = std::move(replay_id)});
}

bool Slice::lose(const KeptRecord& kept) {
  if (kept.offset() >= next_) return kept.published() >= start_.published;
  const auto entry = entries_.find({.offset = kept.offset()});
  if (entry == entries_.end() || entry->second.state != State::pending) return false;
  entries_.erase(entry);
  return true;
}

void Slice::owner_left() {
  for (auto& [id, entry] : entries_) {
    if (entry.state == State::in_flight) give_back(entry);
  }
  in_flight_ = 0;
}

void Slice::owner_crashed(const std::set<EntryId>& running) {
  for (auto& [id, entry] : entries_) {
    if (entry.state != State::in_flight) continue;
    if (flawed(Flaw::memory_crash_attempts)) entry.attempts = {};
    if (flawed(Flaw::memory_crash_due)) entry.attempts.due.reset();
    if (flawed(Flaw::memory_crash_charges_all)) ++entry.attempts.crashes;
    if (entry.marked > 0 && !flawed(Flaw::memory_crash_marks)) entry.attempts.crashes = entry.marked;
    if (flawed(Flaw::memory_crash_unsuspected)) continue;
    if (entry.marked > 0 || running.contains(id)) entry.suspect = true;
  }
  owner_left();
}

void Slice::give_back(Entry& entry) {
  entry.state = State::pending;
  entry.marked = 0;
}

bool Slice::is_settled(const KeptRecord& kept) const {
  if (kept.offset() >= next_) return kept.published() < start_.published;
  const auto entry = entries_.lower_bound({.offset = kept.offset()});
  return entry == entries_.end() || entry->first.offset != kept.offset();
}

std::uint64_t Slice::unread(const TopicLog& log) const {
  const auto& records = log.partition(partition_);
  if (records.empty() || records.back()->published() < start_.published) return 0;
  return log.count_from(partition_, next_);
}

std::uint64_t Slice::waiting(Time now) const {
  return static_cast<std::uint64_t>(std::count_if(entries_.begin(), entries_.end(), [&](const auto& item) {
    return item.second.attempts.due && *item.second.attempts.due > now;
  }));
}

std::optional<Time> Slice::oldest(const TopicLog& log) const {
  if (!entries_.empty()) return entries_.begin()->second.kept->published();
  const Kept next = log.next(partition_, next_);
  if (!next || next->published() < start_.published) return std::nullopt;
  return next->published();
}

Time Slice::next_due() const {
  Time due = kNever;
  for (const auto& [id, entry] : entries_) {
    if (entry.state == State::waiting) due = std::min(due, entry.attempts.due.value_or(Time{}));
  }
  return due;
}

}  // namespace tidings::memory
