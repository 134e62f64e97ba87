// How far one subscription is in one partition: what it has not read yet, and what it has read and not settled.
//
// Pure. Threads: the caller serialises.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "transport/memory/kept_log.hpp"

namespace tidings::memory {

// Where a subscription begins: records of an offset and a time of publishing at or after these.
struct StartLine {
  std::int64_t offset = 0;
  Time published = Time::min();
};

// An unsettled record of a slice: by where it stands, then by which replay brought it (0: none).
struct EntryId {
  std::int64_t offset = 0;
  std::uint64_t replay = 0;

  friend auto operator<=>(const EntryId&, const EntryId&) = default;
};

struct Entry {
  enum class State {
    pending,    // to be handed out
    in_flight,  // with the owner
    waiting,    // a relaxed retry, until attempts.due
  };
  Kept kept;
  State state = State::pending;
  transport::Attempts attempts;
  bool suspect = false;
  int marked = 0;         // of the last Mark that nothing followed
  bool released = false;  // given back: comes after later ones of its key that are in flight
  int replays = 0;
  std::string replay_id;
};

class Slice final {
 public:
  Slice() = default;
  Slice(std::int32_t partition, StartLine start) : partition_{partition}, next_{start.offset}, start_{start} {}

  // The next record to hand out, in flight from now on; nothing: there is none now.
  std::optional<EntryId> take(const TopicLog& log, Time now);
  Entry& at(EntryId id) { return entries_.at(id); }

  // What the owner says of an entry that is in flight.
  void finish(EntryId id);
  void retry(EntryId id, const transport::Retry& retry);
  void release(EntryId id);
  void mark(EntryId id, int crashes) { at(id).marked = crashes; }

  // Hands it out again, whatever became of it.
  void replay(Kept kept, int replays, std::string replay_id);

  // The owner is gone. left: what it had is charged nothing. crashed: what it had marked is charged, and what it was
  // `running` becomes suspect.
  void owner_left();
  void owner_crashed(const std::set<EntryId>& running);

  // Of a slice that nobody owns: gives up what was never handed out, or is to be handed out where it lies. A relaxed
  // retry that waits, and a replay, have a copy of their own. False: there was nothing to lose.
  bool lose(const KeptRecord& kept);

  std::size_t in_flight() const { return in_flight_; }
  bool is_settled(const KeptRecord& kept) const;
  std::uint64_t unsettled(const TopicLog& log) const { return entries_.size() + unread(log); }
  std::uint64_t waiting(Time now) const;
  std::optional<Time> oldest(const TopicLog& log) const;
  // When the next relaxed retry that waits is due; kNever: none.
  Time next_due() const;

 private:
  std::optional<EntryId> take_entry(Time now);
  std::optional<EntryId> read_on(const TopicLog& log);
  bool is_behind_released(const std::optional<std::string>& key) const;
  bool is_passed(EntryId id, const Entry& entry) const;
  void give_back(Entry& entry);
  std::uint64_t unread(const TopicLog& log) const;

  std::int32_t partition_ = 0;
  std::int64_t next_ = 0;  // the offset to read from
  StartLine start_;
  std::map<EntryId, Entry> entries_;
  std::size_t in_flight_ = 0;
  std::uint64_t last_replay_ = 0;
};

}  // namespace tidings::memory
