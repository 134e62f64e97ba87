// Events that come back to a group at a time of their own: relaxed retries and replays, each with its own copy of the
// record. They are settled where they once stood.
//
// Format:  docs/formats/local.md, trees `parked` and `parked_due`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tidings/transport/operator.hpp"
#include "transport/local/storage/lmdb_environment.hpp"
#include "transport/local/tables/group_progress.hpp"
#include "transport/local/tables/trial_table.hpp"

namespace tidings::local {

using ParkedId = std::uint64_t;

struct ParkedKey {
  std::uint32_t group = 0;
  std::uint32_t partition = 0;
  ParkedId id = 0;
};

struct ParkedRow {
  std::uint32_t topic = 0;
  Sequence origin = 0;  // where it stood
  Time due{};
  int replays = 0;
  std::string replay_id;
  Trial trial;
  Bytes stored;  // the record (stored_record.hpp)

  friend bool operator==(const ParkedRow&, const ParkedRow&) = default;
};
std::string encode_parked(const ParkedRow& row);
ParkedRow decode_parked(Bytes value);  // looks into it; what is cut off is empty

// Gives it a number of its own.
ParkedId park(WriteTransaction& transaction, std::uint32_t group, std::uint32_t partition, const ParkedRow& row);

std::optional<ParkedRow> load_parked(Transaction& transaction, const ParkedKey& key);
// Also moves it to its new time.
void store_parked(WriteTransaction& transaction, const ParkedKey& key, const ParkedRow& row);
// Its owner gives it back unsettled.
void release_parked(WriteTransaction& transaction, const ParkedKey& key);
void erase_parked(WriteTransaction& transaction, const ParkedKey& key);

// Calls `visit(ParkedKey, Time due, topic)` for those of the partition, the earliest first, until it returns false.
template <class Visit>
void for_each_parked(Transaction& transaction, std::uint32_t group, std::uint32_t partition, const Visit& visit) {
  for_each_with_prefix(transaction, Tree::parked_due, TreeKey{}.u32(group).u32(partition), [&](Bytes key, Bytes value) {
    KeyReader in{key};
    ParkedKey parked;
    parked.group = in.u32();
    parked.partition = in.u32();
    const Time due = in.time();
    parked.id = in.u64();
    return visit(parked, due, ByteReader{value}.fixed<std::uint32_t>());
  });
}

}  // namespace tidings::local
