// What a member holds in memory: the partitions that it owns, how far it has read and settled each topic of them, and
// what is in flight.
//
// Pure. Threads: the caller serialises.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "transport/local/tables/group_progress.hpp"
#include "transport/local/tables/parked_table.hpp"
#include "transport/local/tables/record_codec.hpp"

namespace tidings::local {

// A delivery's name: the number of the event or of the parked one, which of the two, and the low bits of the epoch
// (so that a late settlement never meets the same event of a later ownership).
using Token = std::uint64_t;
inline constexpr int kTokenNumberBits = 48;
inline constexpr Token kTokenParked = 1ull << 63;

Token make_token(std::uint64_t number, std::uint64_t epoch);
inline bool is_parked(Token token) {
  return (token & kTokenParked) != 0;
}
inline std::uint64_t number_of(Token token) {
  return token & ((1ull << kTokenNumberBits) - 1);
}

struct InFlight {
  std::uint64_t number = 0;  // the event's sequence, or the parked one's id
  std::uint64_t epoch = 0;
  std::uint32_t topic = 0;
  std::uint32_t partition = 0;
  std::optional<std::uint32_t> key_hash;
  std::size_t bytes = 0;
  bool parked = false;
  bool has_row = false;   // something about its attempts is stored
  bool settling = false;  // a final settlement is on its way
};

// What of a scan may be ours; an immutable copy, so that the scan needs no lock.
struct ScanFilter {
  std::vector<bool> partitions;
  std::vector<bool> topics;  // by id

  bool passes(const RecordHeader& header) const {
    return header.partition < partitions.size() && partitions[header.partition] && header.topic < topics.size() &&
           topics[header.topic];
  }
};

class Holdings final {
 public:
  explicit Holdings(std::uint32_t partitions);

  // Topics that are read. Returns false if it was read before.
  bool add_topic(std::uint32_t topic);
  const std::vector<std::uint32_t>& topics() const { return topics_; }

  // Ownership. `progress`: by topic, in the order of topics().
  void assign(std::uint32_t partition, std::uint64_t epoch, std::span<const StoredProgress> progress);
  // A topic that came later, of a partition that is owned.
  void assign_topic(std::uint32_t partition, std::uint32_t topic, const StoredProgress& progress);
  // Nothing new of it is handed out.
  void revoke(std::uint32_t partition);
  // It is no longer ours; forgets what is in flight of it. Returns how much that was.
  std::size_t drop(std::uint32_t partition);
  bool owns(std::uint32_t partition) const { return partitions_[partition].epoch != 0; }
  bool revoking(std::uint32_t partition) const { return partitions_[partition].revoking; }
  std::uint64_t epoch(std::uint32_t partition) const { return partitions_[partition].epoch; }
  std::size_t in_flight(std::uint32_t partition) const { return partitions_[partition].in_flight; }
  std::uint32_t partition_count() const { return static_cast<std::uint32_t>(partitions_.size()); }

  // Stops and starts the handing out of one topic of one partition.
  void pause(std::uint32_t partition, std::uint32_t topic);
  void resume(std::uint32_t partition, std::uint32_t topic);

  // The scan: from where it goes on, and what it found there.
  Sequence scan_from() const { return scan_from_; }
  void pass(Sequence next) { scan_from_ = next; }
  std::shared_ptr<const ScanFilter> filter();
  // Takes the event into flight, if it is to be handed out. One that was given back waits while a later one of its key
  // is in flight: it would come after that one. Until it is taken, no other of its key is: that would pass it.
  std::optional<Token> take(const RecordHeader& place, Sequence sequence, std::optional<std::uint32_t> key_hash);
  // What it takes in memory, which is known later.
  void weigh(Token token, std::size_t bytes);
  // Likewise one that was parked; nothing: it is in flight already, or its partition or topic is not handed out.
  std::optional<Token> take_parked(const ParkedKey& key, std::uint32_t topic);

  std::size_t in_flight() const { return flights_.size(); }
  std::size_t in_flight_bytes() const { return bytes_; }
  InFlight* find(Token token);
  // Settled finally; to be stored. Undone by unsettle(), completed by forget().
  void settle(Token token);
  void unsettle(Token token);
  void forget(Token token);
  // Whether anything that was given back waits to be handed out again.
  bool has_returned() const { return returned_ > 0; }
  // Back to the partition: handed out again, in order.
  void give_back(Token token);
  // Calls `visit(Token, InFlight)` for what is in flight of a partition.
  template <class Visit>
  void for_each_in_flight(std::uint32_t partition, const Visit& visit) const {
    for (const auto& [token, flight] : flights_) {
      if (flight.partition == partition) visit(token, flight);
    }
  }

  // What is to be stored: places, and the bytes for each.
  struct Place {
    std::uint32_t partition = 0;
    std::uint32_t topic = 0;
  };
  std::vector<Place> take_changed();
  void encode(const Place& place, std::string& out) const;
  // All that the scan has passed counts as settled, but for what is pending: so that a next owner need not look there
  // again. Of one partition, or of all.
  void raise(std::uint32_t partition);
  void raise_all();

 private:
  struct Returned {
    Sequence sequence = 0;
    std::optional<std::uint32_t> key_hash;
  };
  // One topic of one partition.
  struct Reading {
    Sequence delivered_to = 0;  // handed out, or settled, up to here
    Sequence settled_to = 0;
    std::vector<Sequence> pending;   // ascending: known and not settled
    std::vector<Returned> returned;  // ascending: of those up to delivered_to, to be handed out (again)
    Sequence stopped_at = 0;         // where the scan stood when it was paused or revoked; 0: it flows
    bool paused = false;
    bool changed = false;
  };
  struct Partition {
    std::uint64_t epoch = 0;  // 0: not ours
    bool revoking = false;
    std::size_t in_flight = 0;
    std::vector<Reading> readings;  // by place in topics_
  };

  std::optional<std::size_t> index_of(std::uint32_t topic) const;
  Reading* reading_of(std::uint32_t partition, std::uint32_t topic);
  void begin(Reading& reading, const StoredProgress& progress);
  void change(std::uint32_t partition, std::uint32_t topic, Reading& reading);
  void stop(Reading& reading);
  void put_back(Reading& reading, Returned returned);
  void look_at_returned(const Reading& reading);
  static bool waits_behind(const Reading& reading, Sequence sequence, std::optional<std::uint32_t> key_hash);
  Token fly(InFlight flight);
  bool passed_by_key(const RecordHeader& place, Sequence sequence, std::optional<std::uint32_t> key_hash) const;

  std::vector<Partition> partitions_;
  std::vector<std::uint32_t> topics_;
  std::vector<std::uint32_t> index_;  // by topic id: its place in topics_, plus one
  boost::unordered_flat_map<Token, InFlight> flights_;
  std::vector<Place> changed_;
  std::size_t bytes_ = 0;     // of flights_
  std::size_t returned_ = 0;  // over all readings
  Sequence scan_from_ = UINT64_MAX;
  std::shared_ptr<const ScanFilter> filter_;
};

}  // namespace tidings::local
