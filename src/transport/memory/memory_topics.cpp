#include "transport/memory/memory_topics.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/flaw.hpp"

namespace tidings::memory {

using transport::KnownTopic;
using transport::Record;
using transport::TopicSpec;

namespace {

Error differs(const TopicSpec& spec, std::string_view what) {
  return conflict(
      fmt::format("topic '{}' exists with {}; declare it as it is, or choose another name", spec.name, what));
}

// conflict: what is asked for contradicts what is there.
Result<void> check_same(const TopicLog& log, const TopicSpec& wanted) {
  const TopicSpec& there = log.spec();
  if (there.command != wanted.command) return differs(wanted, there.command ? "commands" : "events, not commands");
  if (wanted.partitions && *wanted.partitions != log.partitions()) {
    return differs(wanted, fmt::format("{} partitions", log.partitions()));
  }
  if (const auto field = transport::difference(there.retention, wanted.retention); !field.empty()) {
    return differs(wanted, fmt::format("another retention.{}", field));
  }
  return {};
}

Result<void> check_retention(std::string_view topic, const transport::Retention& retention) {
  const auto faults = transport::validate(retention);
  return faults.empty() ? Result<void>{} : invalid(fmt::format("topic '{}': {}", topic, faults.front()));
}

}  // namespace

Result<void> check_name(std::string_view what, std::string_view name) {
  const bool fits = !name.empty() && name.size() <= kNameMax;
  if (fits && std::none_of(name.begin(), name.end(), [](unsigned char c) { return c < ' '; })) return {};
  return invalid(
      fmt::format("'{}' is no name of a {}: it has 1 to {} bytes and no control characters", name, what, kNameMax));
}

Result<void> MemoryTopics::declare(const TopicSpec& spec) {
  if (auto named = check_name("topic", spec.name); !named) return named;
  if (auto fine = check_retention(spec.name, spec.retention); !fine) return fine;
  if (const auto there = logs_.find(spec.name); there != logs_.end()) {
    if (auto same = check_same(there->second, spec); !same) return same;
    there->second.change(spec.retention);
    return {};
  }
  const std::int32_t partitions = spec.partitions.value_or(options_.partitions);
  if (partitions < 1 || partitions > kPartitionsMax) {
    return invalid(fmt::format("topic '{}' cannot have {} partitions: 1 to {}", spec.name, partitions, kPartitionsMax));
  }
  if (logs_.size() >= kTopicsMax) {
    return overloaded(fmt::format("topic '{}' would be one more than {}; use fewer topics", spec.name, kTopicsMax));
  }
  logs_.emplace(spec.name, TopicLog{spec, partitions});
  return {};
}

Result<void> MemoryTopics::set_retention(std::string_view topic, const transport::Retention& change) {
  if (auto fine = check_retention(topic, change); !fine) return fine;
  const auto there = logs_.find(topic);
  if (there == logs_.end()) return invalid(fmt::format("there is no topic '{}'", topic));
  there->second.change(change);
  return {};
}

const TopicLog* MemoryTopics::find(std::string_view name) const {
  const auto found = logs_.find(name);
  return found == logs_.end() ? nullptr : &found->second;
}

std::vector<KnownTopic> MemoryTopics::known() const {
  std::vector<KnownTopic> known;
  for (const auto& [name, log] : logs_) known.push_back({name, log.spec().command});
  return known;
}

Result<void> MemoryTopics::check(const Record& record) const {
  if (find(record.topic) == nullptr) {
    return invalid(fmt::format("topic '{}' is unknown: declare it before publishing to it", record.topic));
  }
  if (const std::size_t bytes = transport::size_of(record); bytes > kRecordBytesMax) {
    return invalid(fmt::format("event '{}' has {} bytes, at most {} go into a record: make it smaller", record.id,
                               bytes, kRecordBytesMax));
  }
  return {};
}

bool MemoryTopics::fits(std::size_t records, std::size_t bytes, Beyond beyond) const {
  constexpr std::size_t kReserveShare = 10;
  const auto with_reserve = [&](std::size_t max) {
    return beyond == Beyond::reserve ? max + max / kReserveShare : max;
  };
  return records_ + records <= with_reserve(options_.records_max) && bytes_ + bytes <= with_reserve(options_.bytes_max);
}

bool MemoryTopics::make_room(std::size_t records, std::size_t bytes, Beyond beyond, const IsSettled& is_settled) {
  for (auto& [name, log] : logs_) {
    while (!fits(records, bytes, Beyond::nothing) && !log.records().empty() &&
           (is_settled(*log.records().front()) || flawed(Flaw::memory_full_drops))) {
      drop_oldest(log);
    }
  }
  return fits(records, bytes, beyond);
}

transport::PartitionId MemoryTopics::append(Record record, Time now) {
  TopicLog& log = logs_.find(record.topic)->second;
  const std::int64_t offset = ++last_offset_;
  const transport::Position position{log.partition_of(record, offset), offset};
  auto kept = std::make_shared<const KeptRecord>(std::move(record), position, now);
  ++records_;
  bytes_ += kept->bytes();
  transport::PartitionId partition = partition_of(*kept);
  log.append(std::move(kept));
  return partition;
}

void MemoryTopics::expire(Time now, const MayGo& may_go) {
  for (auto& [name, log] : logs_) {
    const transport::Retention& retention = log.spec().retention;
    while (!log.records().empty()) {
      const Kept oldest = log.records().front();
      const bool old = retention.age && now - oldest->published() > *retention.age;
      const bool beyond = retention.bytes && log.bytes() > *retention.bytes;
      if (!(old || beyond) || !may_go(oldest, retention)) break;
      drop_oldest(log);
    }
  }
}

std::int64_t MemoryTopics::offset_at(Time time) const {
  std::int64_t offset = last_offset_ + 1;
  for (const auto& [name, log] : logs_) {
    const auto& records = log.records();
    const auto first = std::lower_bound(records.begin(), records.end(), time,
                                        [](const Kept& kept, Time wanted) { return kept->published() < wanted; });
    if (first != records.end()) offset = std::min(offset, (*first)->offset());
  }
  return offset;
}

void MemoryTopics::drop_oldest(TopicLog& log) {
  --records_;
  bytes_ -= log.records().front()->bytes();
  log.drop_oldest();
}

}  // namespace tidings::memory
