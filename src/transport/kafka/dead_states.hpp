// Which dead letters are dealt with: the topic of their states, read as far as was asked for.
//
// Of a partition of dead letters whose first ones are all dealt with, a floor says so: reading begins there, and their
// states are erased. So what is read, and kept here, is what came since the oldest that is open.
//
// Wire:    docs/wire.md, "Dead letters and retries".
// Threads: any. Blocks: as read_range().
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "transport/kafka/dead_letter_id.hpp"
#include "transport/kafka/producer.hpp"

namespace tidings::kafka {

// What became of a dead letter that is not open any more.
enum class DeadState {
  replayed,
  discarded,
  edited,  // another event was published in its place
};
std::string_view to_string(DeadState state);

class DeadStates final {
 public:
  explicit DeadStates(std::shared_ptr<Cluster> cluster) : cluster_{std::move(cluster)} {}

  // A partition of the dead letters of a topic.
  using Place = std::pair<std::string, std::int32_t>;

  // Reads what came since. Transactions that are open then are not in it.
  Result<void> refresh();
  // Of one that is not below its floor.
  bool is_open(const DeadLetterId& id) const;
  // All up to that one, itself among them, are dealt with; if it is still where it was: a topic may be made anew.
  std::optional<DeadLetterId> floor(const Place& place) const;

  // What says that it is dealt with, and how.
  Message closing(const std::string& id, DeadState state) const;
  // What says that all up to that one are, and erases what is said of those before it, some at a time.
  std::vector<Message> raising(const DeadLetterId& floor) const;
  // Makes the topic where it is missing.
  Result<void> prepare();

 private:
  void take(const rd_kafka_message_t& message);
  Message message(std::string key, std::optional<std::string> value) const;

  const std::shared_ptr<Cluster> cluster_;
  std::mutex refreshing_;  // held while it reads
  std::int64_t next_ = 0;
  mutable std::mutex mutex_;
  std::map<Place, std::map<std::int64_t, std::string>> done_;  // ids, by offset
  std::map<Place, DeadLetterId> floors_;
};

}  // namespace tidings::kafka
