// Messages of one partition as they were fetched, and what they say. Deliveries look into it.
//
// Threads: read-only once it is made; destroyed by whoever drops it last.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "transport/driver/copy.hpp"
#include "transport/kafka/client/rdkafka.hpp"

namespace tidings::kafka {

using transport::Copy;

struct FetchedRecord {
  std::int64_t offset = 0;
  transport::RecordView record;
  std::unique_ptr<Copy> copy;  // of one that waited, or was replayed
  std::optional<Time> stored;
  std::size_t bytes = 0;  // by size_of(record)
};

class Fetched final {
 public:
  // All of them of that topic, in our words; none has an error. `copies`: they are copies of ours.
  enum class Kind { events, copies };
  // `client`: whose they are. It lives as long as they do: librdkafka's would otherwise not end.
  Fetched(std::shared_ptr<rd_kafka_t> client, std::vector<MessageHandle> messages, std::string topic, Kind kind);
  // Without messages: what the records look into is somebody else's, and lives as long as this.
  explicit Fetched(std::vector<FetchedRecord> records) : records_{std::move(records)} {}
  Fetched(const Fetched&) = delete;
  Fetched& operator=(const Fetched&) = delete;

  const std::vector<FetchedRecord>& records() const { return records_; }

 private:
  const std::shared_ptr<rd_kafka_t> client_;
  const std::vector<MessageHandle> messages_;
  const std::string topic_;
  std::vector<transport::HeaderView> headers_;
  std::vector<FetchedRecord> records_;
};

}  // namespace tidings::kafka
