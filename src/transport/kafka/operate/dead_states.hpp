// Which dead letters are dealt with: the topic of their states, read as far as was asked for.
//
// Of a partition of dead letters whose first ones are all dealt with, a floor says so: reading begins behind it. Where
// many are dealt with behind one that is open, ranges say so: reading leaves them out. What was said of each of those
// is erased. So what is read, and kept here, is what is open, and not much more.
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

#include "transport/kafka/format/dead_letter_id.hpp"
#include "transport/kafka/format/dead_ranges.hpp"
#include "transport/kafka/publish/producer.hpp"

namespace tidings::kafka {

// What became of a dead letter that is not open any more.
enum class DeadState {
  replayed,
  discarded,
  edited,  // another event was published in its place
};
std::string_view to_string(DeadState state);

// Dead letters of a partition that need no state of their own: all up to the floor, and all in the ranges.
struct DeadCover {
  std::optional<DeadLetterId> floor;
  DeadRanges ranges;
};

class DeadStates final {
 public:
  explicit DeadStates(std::shared_ptr<Cluster> cluster) : cluster_{std::move(cluster)} {}

  // A partition of the dead letters of a topic.
  using Place = std::pair<std::string, std::int32_t>;

  // Reads what came since. Transactions that are open then are not in it.
  Result<void> refresh();
  // Of one that is not covered.
  bool is_open(const DeadLetterId& id) const;
  // What is said of it. The floor holds if that one is still where it was, the ranges if the last one's last is: a
  // topic may be made anew.
  DeadCover cover(const Place& place) const;

  // What says that it is dealt with, and how.
  Message closing(const std::string& id, DeadState state) const;
  // What says how they are covered from now on, as far as that is new, and erases what is said of each before the floor
  // and before the last of a range, some at a time. All in one transaction, with the states of those that are covered
  // and have none yet: a range that is lost after that would show what is erased as open.
  std::vector<Message> covering(const Place& place, const DeadCover& before, const DeadCover& now) const;
  // Makes the topic where it is missing.
  Result<void> prepare();

 private:
  void take(const rd_kafka_message_t& message);
  void take_ranges(std::string_view name, std::string_view value);
  Message message(std::string key, std::optional<std::string> value) const;

  const std::shared_ptr<Cluster> cluster_;
  std::mutex refreshing_;  // held while it reads
  std::int64_t next_ = 0;
  mutable std::mutex mutex_;
  std::map<Place, std::map<std::int64_t, std::string>> done_;  // ids, by offset
  std::map<Place, DeadCover> covers_;
};

}  // namespace tidings::kafka
