// How much of a topic is kept.
//
// Format:  docs/formats/local.md, tree `stats`.
#pragma once

#include <cstdint>

#include "transport/local/storage/lmdb_environment.hpp"

namespace tidings::local {

struct TopicStats {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
};

TopicStats stats_of(Transaction& transaction, std::uint32_t topic);

// Adds; less than 0 takes away.
void change_stats(WriteTransaction& transaction, std::uint32_t topic, std::int64_t records, std::int64_t bytes);

// Before all that the tree counts of a group.
TreeKey group_stats_key(std::uint32_t group);

}  // namespace tidings::local
