#include "transport/memory/kept_log.hpp"

#include <algorithm>

#include "base/fnv1a.hpp"

namespace tidings::memory {

using transport::Position;
using transport::Record;
using transport::RecordView;

namespace {

std::optional<std::string_view> view_of(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  return std::string_view{*text};
}

auto first_from(const std::deque<Kept>& records, std::int64_t offset) {
  return std::lower_bound(records.begin(), records.end(), offset,
                          [](const Kept& kept, std::int64_t wanted) { return kept->offset() < wanted; });
}

}  // namespace

KeptRecord::KeptRecord(Record record, Position position, Time published)
    : record_{std::move(record)}, position_{position}, published_{published}, bytes_{transport::size_of(record_)} {
  headers_.reserve(record_.headers.size());
  for (const auto& header : record_.headers) headers_.push_back({header.name, view_of(header.value)});
  view_ = RecordView{.topic = record_.topic,
                     .key = view_of(record_.key),
                     .id = record_.id,
                     .type = record_.type,
                     .correlation_id = record_.correlation_id,
                     .content_type = record_.content_type,
                     .time = record_.time,
                     .headers = headers_,
                     .broker_fields = record_.broker_fields,
                     .body = view_of(record_.body)};
}

TopicLog::TopicLog(transport::TopicSpec spec, std::int32_t partitions)
    : spec_{std::move(spec)}, partitions_{static_cast<std::size_t>(partitions)} {}

std::int32_t TopicLog::partition_of(const Record& record, std::int64_t offset) const {
  const std::uint64_t number = record.key ? fnv1a(*record.key) : static_cast<std::uint64_t>(offset);
  return static_cast<std::int32_t>(number % partitions_.size());
}

void TopicLog::append(Kept kept) {
  bytes_ += kept->bytes();
  partitions_[static_cast<std::size_t>(kept->position().partition)].push_back(kept);
  records_.push_back(std::move(kept));
}

void TopicLog::drop_oldest() {
  bytes_ -= records_.front()->bytes();
  partitions_[static_cast<std::size_t>(records_.front()->position().partition)].pop_front();
  records_.pop_front();
}

Kept TopicLog::next(std::int32_t partition, std::int64_t offset) const {
  const auto& records = this->partition(partition);
  const auto found = first_from(records, offset);
  return found == records.end() ? nullptr : *found;
}

std::uint64_t TopicLog::count_from(std::int32_t partition, std::int64_t offset) const {
  const auto& records = this->partition(partition);
  return static_cast<std::uint64_t>(records.end() - first_from(records, offset));
}

}  // namespace tidings::memory
