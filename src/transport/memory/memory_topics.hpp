// The topics of a deployment and their logs, within its limits.
//
// Pure. Threads: the caller serialises.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "transport/driver/pattern_topics.hpp"
#include "transport/memory/kept_log.hpp"
#include "transport/memory/memory_options.hpp"

namespace tidings::memory {

inline constexpr std::size_t kRecordBytesMax = 1u << 20;

// What may go beyond records_max and bytes_max: what handlers publish, by a tenth, for it leaves with the settlement of
// what makes room.
enum class Beyond { nothing, reserve };

class MemoryTopics final {
 public:
  // Whether every subscription is done with a record, so that it may go.
  using IsSettled = std::function<bool(const KeptRecord&)>;
  // Whether a record that its topic's retention would remove may go; asked just before it does.
  using MayGo = std::function<bool(const Kept&, const transport::Retention&)>;

  explicit MemoryTopics(const MemoryOptions& options) : options_{options} {}

  // Creates it. conflict: it is there and differs.
  Result<void> declare(const transport::TopicSpec& spec);
  // invalid: no such topic, or no such retention.
  Result<void> set_retention(std::string_view topic, const transport::Retention& change);

  const TopicLog* find(std::string_view name) const;
  const std::map<std::string, TopicLog, std::less<>>& all() const { return logs_; }
  std::vector<transport::KnownTopic> known() const;

  // invalid: unknown topic, or too large.
  Result<void> check(const transport::Record& record) const;
  // False: these do not fit, even without what is settled.
  bool make_room(std::size_t records, std::size_t bytes, Beyond beyond, const IsSettled& is_settled);
  // The partition that it went to.
  transport::PartitionId append(transport::Record record, Time now);
  // Drops what is past its topic's retention and may go.
  void expire(Time now, const MayGo& may_go);

  // Of the newest record; 0: there was none.
  std::int64_t last_offset() const { return last_offset_; }
  // Where records begin that were published at or after `time`.
  std::int64_t offset_at(Time time) const;

 private:
  void drop_oldest(TopicLog& log);
  bool fits(std::size_t records, std::size_t bytes, Beyond beyond) const;

  const MemoryOptions options_;
  std::map<std::string, TopicLog, std::less<>> logs_;
  std::int64_t last_offset_ = 0;
  std::size_t records_ = 0;
  std::size_t bytes_ = 0;
};

// invalid: no name that a topic, group or pattern may have.
Result<void> check_name(std::string_view what, std::string_view name);

}  // namespace tidings::memory
