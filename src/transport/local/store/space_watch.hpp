// How much room is left below size_max.
//
// Threads: the writer's only.
#pragma once

#include <cstdint>
#include <string>

#include "tidings/names.hpp"
#include "tidings/result.hpp"
#include "transport/local/storage/lmdb_environment.hpp"

namespace tidings::local {

// Bytes of the store that are in use: all pages but the free ones.
std::uint64_t bytes_used(ReadTransaction& transaction);

// Who asks for room.
enum class Room {
  publish,  // up to size_max
  outputs,  // of a handler, with a settlement: up to outputs_max_of(size_max)
};

class SpaceWatch final {
 public:
  explicit SpaceWatch(std::uint64_t size_max) : size_max_{size_max} {}

  // Another transaction begins: nothing of it is in the store yet.
  void begin() { given_ = 0; }
  // overloaded: there is no room for so many bytes; the message names the slowest group and the remedy.
  Result<void> room_for(WriteTransaction& transaction, Room room, std::size_t bytes, Time now);

  std::uint64_t size_max() const { return size_max_; }
  // Whether room was refused since the last call, at most once for each look at the store.
  bool take_refused();

 private:
  void look(WriteTransaction& transaction, std::size_t bytes, Time now);

  const std::uint64_t size_max_;
  Time looked_{};
  std::uint64_t room_ = 0;          // that may be given away before another look
  std::uint64_t outputs_room_ = 0;  // likewise
  std::uint64_t given_ = 0;         // in this transaction, which no look at the store shows
  std::string remedy_;              // empty: not asked for since `looked_`
  bool refused_ = false;            // and nobody was told
};

}  // namespace tidings::local
