#include "transport/kafka/operate/lag_counter.hpp"

#include <algorithm>

#include "transport/kafka/admin/group_admin.hpp"
#include "transport/kafka/consume/kept_copy.hpp"
#include "transport/kafka/format/wire.hpp"

namespace tidings::kafka {

using transport::LagState;

namespace {

std::uint64_t settled_from(const CommitRecord& done, std::int64_t begin, std::int64_t end) {
  std::uint64_t count = 0;
  for (const OffsetRange& range : done.settled) {
    const auto first = std::max(range.first, begin);
    const auto last = std::min(range.last, end - 1);
    if (first <= last) count += static_cast<std::uint64_t>(last - first + 1);
  }
  return count;
}

bool is_settled(const CommitRecord& done, std::int64_t offset) {
  return offset < done.watermark || std::any_of(done.settled.begin(), done.settled.end(), [&](const auto& range) {
           return range.first <= offset && offset <= range.last;
         });
}

void note_oldest(LagState& state, std::optional<Time> time) {
  if (time && (!state.oldest || *time < *state.oldest)) state.oldest = time;
}

// Of a broadcast subscription each instance has a group of its own.
std::set<std::string> names_on_cluster(const TopicNames& names, const std::string& group,
                                       const GroupSubscription& subscription) {
  if (subscription.sharing == transport::Sharing::shared) return {names.on_cluster(group)};
  std::set<std::string> all;
  for (const auto& member : subscription.members) {
    all.insert(group_on_cluster(names, group, subscription, member.instance));
  }
  return all;
}

}  // namespace

Result<void> LagCounter::add(const GroupRecord& group) {
  for (const GroupSubscription& subscription : group.subscriptions) {
    const auto topics = registrations_.topics_read(spec_of(group.group, subscription));
    if (!topics) return topics.error();
    for (const std::string& name : names_on_cluster(cluster_->names(), group.group, subscription)) {
      const auto commits = this->commits(name);
      if (!commits) return commits.error();
      if (auto added = add_events(group.group, *topics, *commits); !added) return added;
    }
    if (auto added = add_retries(group.group, subscription.name(), *topics); !added) return added;
  }
  return {};
}

void LagCounter::add(const KafkaDeadLetters::Counts& dead) {
  for (const auto& [name, count] : dead) {
    if (const auto found = states_.find(name); found != states_.end()) found->second.dead = count;
  }
}

// Besides what a group that is behind has lost and does not know of yet.
void LagCounter::add_expired(const ExpiredCounts::All& expired) {
  for (const auto& [name, count] : expired) {
    if (const auto found = states_.find(name); found != states_.end()) found->second.expired += count;
  }
}

Result<LagCounter::Commits> LagCounter::commits(const std::string& group_on_cluster) {
  const auto found = commits_of(*cluster_, group_on_cluster);
  if (!found) return found.error();
  Commits commits;
  for (const auto& [position, metadata] : *found) {
    auto record = read_commit(position.offset, metadata);
    // Damaged metadata: its owner has only the offset, too.
    commits.emplace(std::pair{position.topic, position.partition},
                    record ? *std::move(record) : CommitRecord{.watermark = position.offset});
  }
  return commits;
}

Result<void> LagCounter::add_events(const std::string& group, const std::set<std::string>& topics,
                                    const Commits& commits) {
  std::vector<std::string> names;
  for (const std::string& topic : topics) names.push_back(cluster_->names().on_cluster(topic));
  const auto kept = whole(*cluster_, names);
  if (!kept) return kept.error();
  for (const OffsetSpan& span : *kept) {
    const auto topic = cluster_->names().ours(span.topic).value_or(span.topic);
    const auto found = commits.find({span.topic, span.partition});
    add_span(group, topic, span, found == commits.end() ? CommitRecord{.watermark = span.begin} : found->second);
  }
  return {};
}

void LagCounter::add_span(const std::string& group, const std::string& topic, const OffsetSpan& kept,
                          const CommitRecord& done) {
  LagState& state = this->state(group, topic);
  const Time now = cluster_->executor().now();
  const auto begin = std::max(kept.begin, done.watermark);
  if (kept.begin > done.watermark) {
    const auto lost = static_cast<std::uint64_t>(kept.begin - done.watermark);
    state.expired += lost - settled_from(done, done.watermark, kept.begin);
  }
  if (begin >= kept.end) return;
  state.unsettled += static_cast<std::uint64_t>(kept.end - begin) - settled_from(done, begin, kept.end);
  for (const auto& [offset, attempts] : done.attempts) {
    if (offset >= begin && attempts.due && *attempts.due > now) ++state.waiting;
  }
  auto first = begin;
  for (const OffsetRange& range : done.settled) {
    if (range.first <= first && first <= range.last) first = range.last + 1;
  }
  if (first < kept.end) oldest_[{kept.topic, kept.partition}][first].insert(group);
}

Result<void> LagCounter::add_retries(const std::string& group, const std::string& subscription,
                                     const std::set<std::string>& topics) {
  const std::string name = cluster_->names().retry(group, subscription);
  auto kept = whole(*cluster_, {&name, 1});
  if (!kept) return kept.error();
  if (kept->empty()) return {};
  const auto commits = this->commits(name);  // the group of its readers has its name
  if (!commits) return commits.error();
  for (OffsetSpan& span : *kept) {
    const auto done = commits->find({span.topic, span.partition});
    if (done != commits->end()) span.begin = std::max(span.begin, done->second.watermark);
  }
  const Time now = cluster_->executor().now();
  return read_range(*cluster_, *kept, [&](const rd_kafka_message_t& message) {
    const auto done = commits->find({name, message.partition});
    if (done != commits->end() && is_settled(done->second, message.offset)) return true;
    const auto copy = read_copy(message, "");
    if (!copy || !topics.contains(copy->second.topic)) return true;
    LagState& state = this->state(group, copy->second.topic);
    ++state.unsettled;
    auto due = copy->second.attempts.due;
    if (done != commits->end()) {
      const auto tried = done->second.attempts.find(message.offset);
      if (tried != done->second.attempts.end()) due = tried->second.due;
    }
    if (due && *due > now) ++state.waiting;
    note_oldest(state, copy->second.time);
    return true;
  });
}

Result<std::vector<LagState>> LagCounter::finish() {
  std::vector<OffsetSpan> spans;
  for (const auto& [partition, offsets] : oldest_) {
    // One partition has one span: groups far apart cost a reading of what lies between, so each is cut to its first.
    for (const auto& [offset, groups] : offsets) {
      spans.push_back({partition.first, partition.second, offset, offset + 1});
    }
  }
  while (!spans.empty()) {
    std::vector<OffsetSpan> now, later;
    for (const OffsetSpan& span : spans) {
      const bool taken = std::any_of(now.begin(), now.end(), [&](const auto& other) {
        return other.topic == span.topic && other.partition == span.partition;
      });
      (taken ? later : now).push_back(span);
    }
    auto read = read_range(*cluster_, now, [&](const rd_kafka_message_t& message) {
      const std::string topic = rd_kafka_topic_name(message.rkt);
      const Time time = message_time(message);
      for (const auto& group : oldest_[{topic, message.partition}][message.offset]) {
        note_oldest(state(group, cluster_->names().ours(topic).value_or(topic)), time);
      }
      return true;
    });
    if (!read) return read.error();
    spans = std::move(later);
  }
  std::vector<LagState> listed;
  for (auto& [name, state] : states_) {
    state.group = name.first;
    state.topic = name.second;
    listed.push_back(std::move(state));
  }
  return listed;
}

}  // namespace tidings::kafka
