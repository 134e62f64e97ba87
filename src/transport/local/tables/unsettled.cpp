#include "transport/local/tables/unsettled.hpp"

#include <algorithm>

#include "transport/local/tables/subscriptions.hpp"

namespace tidings::local {

namespace {

Reading read(Transaction& transaction, const SubscriptionRow& row, const TopicRow& topic) {
  Reading reading{.group = row.group, .group_name = shown_group(row), .topic = topic.id, .start = row.start};
  for (std::uint32_t i = 0; i < topic.partitions; ++i) {
    auto progress = load_progress(transaction, {.group = row.group, .partition = i, .topic = topic.id});
    reading.partition.push_back(progress ? *std::move(progress) : StoredProgress{.settled_to = row.start - 1});
  }
  return reading;
}

}  // namespace

Sequence Reading::first_open() const {
  Sequence first = UINT64_MAX;
  for (const StoredProgress& progress : partition) first = std::min(first, progress.first_open());
  return first;
}

Readings::Readings(Transaction& transaction, const Catalog& catalog) : by_topic_(catalog.topics().size() + 1) {
  for (const SubscriptionRow& row : all_subscriptions(transaction)) {
    for (const std::uint32_t topic : topics_read(row, catalog)) {
      const auto is_it = [&](const Reading& known) { return known.group == row.group && known.topic == topic; };
      if (std::any_of(readings_.begin(), readings_.end(), is_it)) continue;  // an abandoned subscription overlaps
      readings_.push_back(read(transaction, row, *catalog.find(topic)));
    }
  }
  for (const Reading& reading : readings_) by_topic_[reading.topic].push_back(&reading);
}

const std::vector<const Reading*>& Readings::of(std::uint32_t topic) const {
  return by_topic_[topic < by_topic_.size() ? topic : 0];
}

bool Readings::settled_by_all(const RecordHeader& header, Sequence sequence) const {
  const auto& readings = of(header.topic);
  return std::all_of(readings.begin(), readings.end(),
                     [&](const Reading* reading) { return reading->settled(header.partition, sequence); });
}

Sequence Readings::first_open() const {
  Sequence first = UINT64_MAX;
  for (const Reading& reading : readings_) first = std::min(first, reading.first_open());
  return first;
}

}  // namespace tidings::local
