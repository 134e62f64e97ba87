// What an operator may ask of a transport. Each interface is optional: null means `unsupported`.
//
// Threads: any. Blocks: on the store or the broker. None of it disturbs a live group unless its comment says so.
// Errors:  unavailable (the store or broker cannot be reached; try again), invalid (no such topic or group, no id),
//          corrupt (damaged).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tidings/names.hpp"
#include "tidings/result.hpp"
#include "tidings/transport/record.hpp"
#include "tidings/transport/retention.hpp"

#pragma GCC visibility push(default)

namespace tidings::transport {

struct TopicState {
  std::string name;
  bool command = false;
  std::int32_t partitions = 0;
  std::uint64_t records = 0;  // that are kept now
  std::uint64_t bytes = 0;    // of them, about
  std::optional<Time> oldest;
  Retention retention;  // in effect; a field that is not set: no bound of its own
};

struct MemberState {
  std::string instance;
  std::string host;
  std::int64_t pid = 0;
  std::int32_t partitions = 0;  // that it owns
  bool stopped = false;         // alive by the kernel, but stopped (SIGSTOP)
};

struct GroupState {
  std::string name;
  std::string topic;                // or
  std::string pattern;              // what it subscribes to
  std::vector<std::string> topics;  // that it reads now
  std::vector<MemberState> members;
};

// How far a group is on one topic.
struct LagState {
  std::string group;
  std::string topic;
  std::uint64_t unsettled = 0;  // records not finally settled, waiting retries included
  std::uint64_t waiting = 0;    // retries that wait for their time
  std::uint64_t dead = 0;       // dead letters; on RabbitMQ one that was buried twice is two (docs/architecture.md)
  std::optional<Time> oldest;   // time of the oldest unsettled record
  std::uint64_t expired = 0;    // records that retention removed before the group settled them (Unsettled::expire)
  // Events of others that name no key as this transport deals them, and so share one queue; since the members began.
  std::uint64_t unkeyed = 0;
};

// How far a change of a topic's partitions is.
struct RepartitionHold {
  std::string group;
  std::uint64_t unsettled = 0;         // that came before the change began
  std::vector<std::string> instances;  // that live
};
struct Repartition {
  std::int32_t from = 0;  // partitions
  std::int32_t to = 0;    // as `from`: it had so many
  bool done = false;
  std::vector<RepartitionHold> held_by;  // of one that is not done: by whom
};

// How full a store is that has a limit of its own.
struct StoreState {
  std::uint64_t bytes_used = 0;
  std::uint64_t bytes_max = 0;  // beyond it publishes are refused as `overloaded`
};

// Something that is set so that a promise does not hold, and what to do about it.
struct Concern {
  std::string subject;  // what is set so: a topic, a queue
  std::string what;
  std::string remedy;
};

struct SubscriptionSpec;  // transport.hpp
struct TopicSpec;         // likewise

class Topology {
 public:
  virtual ~Topology() = default;
  // topics() and lag() may count for a while. They hold nothing up meanwhile, so what is counted beside services at
  // work is of no single moment: what is settled, parked or buried during the count is in it at its old place, its new
  // one, both or none. At rest they are exact.
  virtual Result<std::vector<TopicState>> topics() = 0;
  virtual Result<std::vector<GroupState>> groups() = 0;
  virtual Result<std::vector<LagState>> lag() = 0;
  // None: the transport has no such limit, or does not know it.
  virtual Result<std::optional<StoreState>> store() { return std::optional<StoreState>{}; }
  // How the deployment itself is set; services log it at their start, and the doctor shows it.
  virtual Result<std::vector<Concern>> concerns() { return std::vector<Concern>{}; }
  // Changes what `change` says of the topic's retention, for good; it holds at once, what is beyond it goes soon.
  // invalid: no such topic, or no such retention.
  virtual Result<void> set_retention(std::string_view topic, const Retention& change);
  // Makes a topic, whatever the URL says of declarations, with so many copies of it among the brokers (none: as the
  // transport has it). It may be there already. conflict: it is, and is set otherwise. unsupported: a declaration is
  // all that is needed.
  virtual Result<void> create_topic(const TopicSpec& topic, std::optional<std::int32_t> replication);
  // Changes how many partitions a topic has, so that nothing is lost and each key keeps its order. What is published
  // from now on is handled only once all from before is settled and the members were stopped: where anything of that is
  // left, it says so, and is to be called again with the same number. It may die at any time, and then goes on where it
  // was. invalid: no such topic, or it cannot have so many. conflict: it is being changed to another number.
  // unsupported: the message says what to do instead.
  virtual Result<Repartition> repartition(std::string_view topic, std::int32_t partitions);
  // Makes what the members of a group need that may not make it themselves; it may be there already, and need not have
  // members. invalid: no such topic. conflict: something is there and is set otherwise. unsupported: members make all
  // they need, or need nothing.
  virtual Result<void> create_group(const SubscriptionSpec& subscription);
  // Forgets the group, its position and its dead letters. conflict: it has live members.
  virtual Result<void> remove_group(std::string_view group) = 0;
};

// A dead letter: the record unchanged, and why it is here.
struct DeadLetter {
  std::string id;  // unique in the deployment, sortable by time of burial
  std::string group;
  std::string subscription;  // topic or pattern
  std::string reason;
  std::string error;
  int attempts = 0;
  int crashes = 0;
  int replays = 0;  // how often it was replayed before
  std::optional<Time> first_failed;
  Time buried{};
  std::string host;
  std::int64_t pid = 0;
  Position position;  // of the original
  Record record;
};

struct DeadFilter {
  std::string group;  // empty: any
  std::string topic;
  std::string type;
  std::string reason;
  std::optional<Time> since;  // buried at or after
};

inline Result<void> Topology::set_retention(std::string_view, const Retention&) {
  return unsupported("this transport's retention is set with its own tools");
}

inline Result<void> Topology::create_topic(const TopicSpec&, std::optional<std::int32_t>) {
  return unsupported(
      "this transport makes topics as they are declared, and keeps one copy of each: leave the replication out");
}

inline Result<Repartition> Topology::repartition(std::string_view topic, std::int32_t) {
  return unsupported("topic '" + std::string{topic} +
                     "' keeps the partitions with which it was made: on this transport more handlers run at once by "
                     "`concurrency`; for other partitions make a topic of another name, and go over to it");
}

inline Result<void> Topology::create_group(const SubscriptionSpec&) {
  return unsupported("on this transport a group is there when its first member joins: nothing is to be made before");
}

class DeadLetters {
 public:
  virtual ~DeadLetters() = default;
  // Up to `limit` after the id `after` (empty: from the first), oldest first.
  virtual Result<std::vector<DeadLetter>> browse(const DeadFilter& filter, std::string_view after,
                                                 std::size_t limit) = 0;
  virtual Result<std::optional<DeadLetter>> show(std::string_view id) = 0;
  // Hands each of them to its subscription again, and to no other, in this order; the dead letter is gone in the same
  // step. Its attempts and crashes start at 0. One answer each; false: it is not there (any more), so a repetition is
  // harmless.
  virtual std::vector<Result<bool>> replay(std::span<const std::string> ids) = 0;
  virtual std::vector<Result<bool>> discard(std::span<const std::string> ids) = 0;
  // Of one.
  Result<bool> replay(const std::string& id) { return replay({&id, 1}).front(); }
  Result<bool> discard(const std::string& id) { return discard({&id, 1}).front(); }
};

struct HistoryRange {
  std::string topic;
  std::optional<Time> from;  // time of publishing, inclusive
  std::optional<Time> to;    // exclusive
  std::optional<std::string> key;
};

// `record` is valid during the call.
struct HistoryEntry {
  RecordView record;
  Position position;
  Time published{};
};

// Where a reading of a topic's history goes on: a driver's own words. Empty: at the first record.
using Cursor = std::string;

class History {
 public:
  virtual ~History() = default;
  // Visits records of the range, those of one key in order of publishing, from `after` on, until `visit` returns false,
  // `limit` were visited, or there is no more. Returns where to go on. No lock or transaction is held while `visit`
  // runs. invalid: no such topic, or no cursor.
  virtual Result<Cursor> read(const HistoryRange& range, const Cursor& after, std::size_t limit,
                              const std::function<bool(const HistoryEntry&)>& visit) = 0;
  // Waits for records of that topic after `after`, at most until the deadline.
  virtual Result<void> wait(std::string_view topic, const Cursor& after, Time deadline) = 0;
  // Hands the range to one group again, and to no other: returns how many. With a replay id, deliveries carry it.
  virtual Result<std::uint64_t> replay(const HistoryRange& range, std::string_view group,
                                       std::string_view replay_id) = 0;
};

struct BackupState {
  std::string directory;    // of the copy, absolute
  Time begun{};             // what was confirmed or settled before this is in it
  std::uint64_t bytes = 0;  // of the copy
};

// Called now and then while a backup is written, with the bytes that it has so far. False: stop, and leave nothing.
using BackupProgress = std::function<bool(std::uint64_t bytes)>;

class Backup {
 public:
  virtual ~Backup() = default;
  // Copies the deployment as it is at one moment into `directory`, which is made, or is empty, while services work on.
  // Returns when the copy is on the disk and was read through; until then it opens as no deployment, and after an error
  // nothing is left of it. docs/guides/backup.md says what is in it, and what it means for groups.
  // `progress` runs on the calling thread.
  // invalid: the directory is not empty, lies inside the deployment, or must not be written to. overloaded: its disk is
  // full, or the deployment grew too large meanwhile (try again when less is published). unsupported: a network file
  // system. unavailable: stopped, or the disk failed.
  virtual Result<BackupState> make(const std::string& directory, const BackupProgress& progress) = 0;
};

struct Operator {
  Topology* topology = nullptr;
  DeadLetters* dead_letters = nullptr;
  History* history = nullptr;
  Backup* backup = nullptr;
};

}  // namespace tidings::transport

#pragma GCC visibility pop
