// Where the records of an owned partition come from: librdkafka's queue of it (member_client.hpp), or a test.
//
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "transport/kafka/consume/fetched.hpp"

namespace tidings::kafka {

class PartitionSource {
 public:
  virtual ~PartitionSource() = default;

  // Up to so many of those that are here, in their order; null: there are none.
  virtual std::shared_ptr<const Fetched> take(std::size_t max) = 0;
  // `next` was wanted, and the record at `offset` came: retention took what lies between, up to this. What compaction
  // or a transaction left out is no loss.
  virtual std::int64_t expired_before(std::int64_t next, std::int64_t offset) const = 0;
};

}  // namespace tidings::kafka
