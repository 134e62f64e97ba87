#include "transport/local/tables/expiry.hpp"

#include <algorithm>

#include "base/flaw.hpp"
#include "transport/local/tables/absence.hpp"
#include "transport/local/tables/topic_stats.hpp"
#include "transport/local/tables/trial_table.hpp"

namespace tidings::local {

namespace {

TreeKey expired_key(std::uint32_t group, std::uint32_t topic) {
  return group_stats_key(group).u32(topic);
}

}  // namespace

Expiry::Expiry(Transaction& transaction, const Catalog& catalog, const ExpiryTerms& terms)
    : terms_{terms},
      readings_{transaction, catalog},
      retention_(catalog.topics().size() + 1),
      absent_{absent_groups(transaction)} {
  for (const TopicRow& topic : catalog.topics()) {
    retention_[topic.id] = transport::changed({.age = terms.retention}, topic.retention);
  }
}

bool Expiry::gone(std::uint32_t group, const transport::Retention& retention) const {
  const auto absent = absent_.find(group);
  if (absent == absent_.end()) return flawed(Flaw::local_expires_live);
  return transport::is_gone(absent->second, retention, terms_.now, terms_.gone_after);
}

bool Expiry::may_go(const RecordHeader& header, Sequence sequence) const {
  const transport::Retention& retention = retention_[header.topic < retention_.size() ? header.topic : 0];
  const bool expires = retention.unsettled == transport::Unsettled::expire;
  const auto& readings = readings_.of(header.topic);
  return std::all_of(readings.begin(), readings.end(), [&](const Reading* reading) {
    if (reading->settled(header.partition, sequence)) return true;
    return expires && gone(reading->group, retention);
  });
}

void Expiry::take(const RecordHeader& header, Sequence sequence) {
  for (const Reading* reading : readings_.of(header.topic)) {
    if (reading->settled(header.partition, sequence)) continue;
    ++lost_[{reading->group, reading->topic}];
    attempts_.push_back({.group = reading->group, .partition = header.partition, .sequence = sequence});
    const ProgressKey key{.group = reading->group, .partition = header.partition, .topic = reading->topic};
    if (header.partition >= reading->partition.size()) continue;
    const StoredProgress& before = reading->partition[header.partition];
    if (sequence > before.settled_to) continue;  // it was never read: nothing is stored about it
    std::erase(progress_.emplace(key, before).first->second.pending, sequence);
  }
}

void Expiry::store(WriteTransaction& transaction) const {
  for (const auto& [key, progress] : progress_) {
    std::string value;
    encode_progress(progress.settled_to, progress.pending, value);
    transaction.put(Tree::progress, key_of(key), value);
  }
  for (const Attempt& attempt : attempts_) {
    transaction.erase(
        Tree::attempts,
        key_of(TrialKey{.group = attempt.group, .partition = attempt.partition, .sequence = attempt.sequence}));
  }
  for (const auto& [key, count] : lost_) {
    std::string value;
    ByteWriter{value}.fixed<std::uint64_t>(expired_of(transaction, key.first, key.second) + count);
    transaction.put(Tree::stats, expired_key(key.first, key.second), value);
  }
}

std::uint64_t expired_of(Transaction& transaction, std::uint32_t group, std::uint32_t topic) {
  const auto value = transaction.get(Tree::stats, expired_key(group, topic));
  return value ? ByteReader{*value}.fixed<std::uint64_t>() : 0;
}

void forget_group_stats(WriteTransaction& transaction, std::uint32_t group) {
  std::vector<std::string> keys;
  for_each_with_prefix(transaction, Tree::stats, group_stats_key(group), [&](Bytes key, Bytes) {
    keys.emplace_back(key);
    return true;
  });
  for (const std::string& key : keys) transaction.erase(Tree::stats, key);
}

}  // namespace tidings::local
