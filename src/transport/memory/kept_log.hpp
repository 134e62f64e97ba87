// What a topic keeps: its records in order of publishing, and the same by partition.
//
// Threads: KeptRecord is immutable; the caller serialises TopicLog.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "tidings/transport/transport.hpp"

namespace tidings::memory {

// Deliveries, dead letters and history pages share it.
class KeptRecord final {
 public:
  KeptRecord(transport::Record record, transport::Position position, Time published);
  KeptRecord(const KeptRecord&) = delete;
  KeptRecord& operator=(const KeptRecord&) = delete;

  const transport::Record& record() const { return record_; }
  const transport::RecordView& view() const { return view_; }
  const transport::Position& position() const { return position_; }
  std::int64_t offset() const { return position_.offset; }
  Time published() const { return published_; }
  std::size_t bytes() const { return bytes_; }

 private:
  const transport::Record record_;
  const transport::Position position_;
  const Time published_;
  const std::size_t bytes_;
  std::vector<transport::HeaderView> headers_;
  transport::RecordView view_;
};

using Kept = std::shared_ptr<const KeptRecord>;

inline transport::PartitionId partition_of(const KeptRecord& kept) {
  return {.topic = kept.record().topic, .partition = kept.position().partition};
}

class TopicLog final {
 public:
  TopicLog(transport::TopicSpec spec, std::int32_t partitions);

  const transport::TopicSpec& spec() const { return spec_; }
  std::int32_t partitions() const { return static_cast<std::int32_t>(partitions_.size()); }
  // Of the key; records without one take turns by `offset`.
  std::int32_t partition_of(const transport::Record& record, std::int64_t offset) const;

  void change(const transport::Retention& retention) {
    spec_.retention = transport::changed(spec_.retention, retention);
  }
  void append(Kept kept);
  void drop_oldest();

  const std::deque<Kept>& records() const { return records_; }
  const std::deque<Kept>& partition(std::int32_t index) const { return partitions_[static_cast<std::size_t>(index)]; }
  // The first one of the partition at or after `offset`; null: there is none.
  Kept next(std::int32_t partition, std::int64_t offset) const;
  std::uint64_t count_from(std::int32_t partition, std::int64_t offset) const;
  std::size_t bytes() const { return bytes_; }

 private:
  transport::TopicSpec spec_;
  std::deque<Kept> records_;
  std::vector<std::deque<Kept>> partitions_;
  std::size_t bytes_ = 0;
};

}  // namespace tidings::memory
