// What the groups of a store have not settled, as stored: for lag, and for what retention must keep.
//
// A picture of one moment: taken within one transaction, used after it.
// Threads: values.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "transport/local/storage/lmdb_environment.hpp"
#include "transport/local/tables/group_progress.hpp"
#include "transport/local/tables/record_codec.hpp"
#include "transport/local/tables/topic_catalog.hpp"

namespace tidings::local {

// One group on one topic.
struct Reading {
  std::uint32_t group = 0;
  std::string group_name;
  std::uint32_t topic = 0;
  Sequence start = 1;                     // where no progress is stored
  std::vector<StoredProgress> partition;  // by number; those of the topic

  bool settled(std::uint32_t number, Sequence sequence) const {
    return number < partition.size() && partition[number].settled(sequence);
  }
  Sequence first_open() const;
};

class Readings final {
 public:
  Readings(Transaction& transaction, const Catalog& catalog);
  Readings(Readings&&) = default;  // no copies: it points into itself
  Readings& operator=(Readings&&) = default;

  const std::vector<Reading>& all() const { return readings_; }
  // Of one topic.
  const std::vector<const Reading*>& of(std::uint32_t topic) const;
  // Whether every group that reads the topic has settled the event.
  bool settled_by_all(const RecordHeader& header, Sequence sequence) const;
  // Before it, every group has settled all.
  Sequence first_open() const;

 private:
  std::vector<Reading> readings_;
  std::vector<std::vector<const Reading*>> by_topic_;
};

}  // namespace tidings::local
