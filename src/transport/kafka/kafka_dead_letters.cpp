#include "transport/kafka/kafka_dead_letters.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "transport/kafka/dead_transaction.hpp"
#include "transport/kafka/kept_copy.hpp"
#include "transport/kafka/wire.hpp"

namespace tidings::kafka {

using transport::DeadFilter;
using transport::DeadLetter;

namespace {

// How much earlier a dead letter's message may be stamped than it says that it was buried.
constexpr Duration kStampsDiffer = std::chrono::minutes{1};
constexpr std::int32_t kAtOnce = 0;         // partition of a retry topic
constexpr std::size_t kClosedAtOnce = 500;  // of one transaction
constexpr int kFencedTriesMax = 5;

// Nothing: it is none of ours.
std::optional<DeadLetter> letter_of(const TopicNames& names, const rd_kafka_message_t& message) {
  const auto topic = names.topic_of_dead_letters(rd_kafka_topic_name(message.rkt));
  if (!topic) return std::nullopt;
  const auto kept = read_copy(message, *topic);
  if (!kept) return std::nullopt;
  const auto& [record, copy] = *kept;
  return DeadLetter{
      .id = text_of(DeadLetterId{copy.buried.value_or(Time{}), *topic, message.partition, message.offset}),
      .group = copy.group,
      .subscription = copy.subscription,
      .reason = copy.reason,
      .error = copy.attempts.last_error,
      .attempts = copy.attempts.failed,
      .crashes = copy.attempts.crashes,
      .replays = copy.replays,
      .first_failed = copy.attempts.first_failed,
      .buried = copy.buried.value_or(Time{}),
      .host = copy.host,
      .pid = copy.pid,
      .position = copy.position,
      .record = record};
}

bool passes(const DeadFilter& filter, const DeadLetter& letter) {
  const auto is = [](const std::string& wanted, const std::string& found) { return wanted.empty() || wanted == found; };
  return is(filter.group, letter.group) && is(filter.topic, letter.record.topic) &&
         is(filter.type, letter.record.type) && is(filter.reason, letter.reason) &&
         (!filter.since || letter.buried >= *filter.since);
}

Copy copy_of(const DeadLetter& letter) {
  return {.group = letter.group,
          .subscription = letter.subscription,
          .topic = letter.record.topic,
          .position = letter.position,
          .time = letter.record.time,
          .replays = letter.replays + 1};
}

}  // namespace

Result<void> KafkaDeadLetters::visit(std::span<const OffsetSpan> spans, const std::function<void(DeadLetter)>& visit) {
  if (auto fresh = states_.refresh(); !fresh) return fresh;
  std::map<std::string, std::optional<Time>> removed;
  std::optional<Error> failed;
  auto read = read_range(*cluster_, spans, [&](const rd_kafka_message_t& message) {
    auto letter = letter_of(cluster_->names(), message);
    if (!letter || !states_.is_open(letter->id)) return true;
    const auto gone = is_removed(removed, *letter);
    if (!gone) {
      failed = gone.error();
      return false;
    }
    if (!*gone) visit(*std::move(letter));
    return true;
  });
  return failed ? *failed : read;
}

// With its group.
Result<bool> KafkaDeadLetters::is_removed(std::map<std::string, std::optional<Time>>& removed,
                                          const DeadLetter& letter) {
  auto known = removed.find(letter.group);
  if (known == removed.end()) {
    const auto time = registrations_->removed(letter.group);
    if (!time) return time.error();
    known = removed.emplace(letter.group, *time).first;
  }
  return known->second && letter.buried <= *known->second;
}

Result<std::vector<OffsetSpan>> KafkaDeadLetters::all_since(std::optional<Time> buried) {
  const auto there = cluster_->topics();
  if (!there) return there.error();
  std::vector<std::string> topics;
  for (const auto& [name, partitions] : *there) {
    if (cluster_->names().topic_of_dead_letters(name)) topics.push_back(name);
  }
  auto spans = whole(*cluster_, topics);
  if (!spans || !buried) return spans;
  std::vector<PartitionOffset> partitions;
  for (const OffsetSpan& span : *spans) partitions.push_back({span.topic, span.partition, 0});
  const auto begins = cluster_->offsets_at(std::move(partitions), *buried - kStampsDiffer);
  if (!begins) return begins.error();
  for (std::size_t i = 0; i < spans->size(); ++i) (*spans)[i].begin = (*begins)[i].offset;
  return spans;
}

Result<std::vector<DeadLetter>> KafkaDeadLetters::browse(const DeadFilter& filter, std::string_view after,
                                                         std::size_t limit) {
  std::optional<Time> since = filter.since;
  if (const auto id = dead_letter_id(after)) since = std::max(since.value_or(id->buried), id->buried);
  const auto spans = all_since(since);
  if (!spans) return spans.error();
  Letters found;
  auto read = visit(*spans, [&](DeadLetter letter) {
    if (letter.id <= after || !passes(filter, letter)) return;
    if (found.size() >= limit && (limit == 0 || letter.id > found.rbegin()->first)) return;
    auto id = letter.id;
    found.emplace(std::move(id), std::move(letter));
    if (found.size() > limit) found.erase(std::prev(found.end()));
  });
  if (!read) return read.error();
  std::vector<DeadLetter> letters;
  for (auto& [id, letter] : found) letters.push_back(std::move(letter));
  return letters;
}

Result<KafkaDeadLetters::Counts> KafkaDeadLetters::count() {
  const auto spans = all_since({});
  if (!spans) return spans.error();
  Counts counts;
  auto read = visit(*spans, [&](const DeadLetter& letter) { ++counts[{letter.group, letter.record.topic}]; });
  if (!read) return read.error();
  return counts;
}

Result<KafkaDeadLetters::Letters> KafkaDeadLetters::find(std::span<const std::string> ids) {
  std::map<std::pair<std::string, std::int32_t>, OffsetSpan> spans;
  for (const std::string& text : ids) {
    const auto id = dead_letter_id(text);
    if (!id) continue;
    const std::string topic = cluster_->names().dead_letters(id->topic);
    const auto partitions = cluster_->partitions(topic);
    if (!partitions) return partitions.error();
    if (id->partition >= partitions->value_or(0)) continue;
    const OffsetSpan one{topic, id->partition, id->offset, id->offset + 1};
    OffsetSpan& span = spans.emplace(std::pair{topic, id->partition}, one).first->second;
    span.begin = std::min(span.begin, one.begin);
    span.end = std::max(span.end, one.end);
  }
  std::vector<std::string> topics;
  for (const auto& [name, span] : spans) {
    if (topics.empty() || topics.back() != name.first) topics.push_back(name.first);
  }
  const auto there = whole(*cluster_, topics);
  if (!there) return there.error();
  std::vector<OffsetSpan> wanted;
  for (const OffsetSpan& all : *there) {
    const auto found = spans.find({all.topic, all.partition});
    if (found == spans.end()) continue;
    const OffsetSpan& span = found->second;
    wanted.push_back({all.topic, all.partition, std::max(all.begin, span.begin), std::min(all.end, span.end)});
  }
  const std::set<std::string> names{ids.begin(), ids.end()};
  Letters letters;
  auto read = visit(wanted, [&](DeadLetter letter) {
    if (names.contains(letter.id)) letters.emplace(letter.id, std::move(letter));
  });
  if (!read) return read.error();
  return letters;
}

Result<std::optional<DeadLetter>> KafkaDeadLetters::show(std::string_view id) {
  const std::string name{id};
  auto letters = find({&name, 1});
  if (!letters) return letters.error();
  const auto found = letters->find(name);
  return found == letters->end() ? std::optional<DeadLetter>{} : std::optional{std::move(found->second)};
}

std::vector<Result<bool>> KafkaDeadLetters::replay(std::span<const std::string> ids) {
  return close(ids, Fate::replayed);
}

std::vector<Result<bool>> KafkaDeadLetters::discard(std::span<const std::string> ids) {
  return close(ids, Fate::discarded);
}

std::vector<Result<bool>> KafkaDeadLetters::close(std::span<const std::string> ids, Fate fate) {
  std::vector<Result<bool>> answers;
  while (!ids.empty()) {
    const auto some = ids.first(std::min(ids.size(), kClosedAtOnce));
    ids = ids.subspan(some.size());
    auto closed = close_once(some, fate);
    for (int tries = 1; !closed && closed.error().kind == ErrorKind::conflict && tries < kFencedTriesMax; ++tries) {
      closed = close_once(some, fate);
    }
    for (const std::string& id : some) {
      // The second time that an id is named it is gone.
      answers.push_back(closed ? Result<bool>{closed->erase(id) > 0} : closed.error());
    }
  }
  return answers;
}

// Who opens the transaction is alone until it is committed: nobody else closes them meanwhile.
Result<std::set<std::string>> KafkaDeadLetters::close_once(std::span<const std::string> ids, Fate fate) {
  if (auto ready = states_.prepare(); !ready) return ready.error();
  const auto transaction = DeadTransaction::open(cluster_);
  if (!transaction) return transaction.error();
  const auto letters = find(ids);
  if (!letters) return letters.error();
  std::set<std::string> closed;
  for (const std::string& id : ids) {
    const auto found = letters->find(id);
    if (found == letters->end() || !closed.insert(id).second) continue;
    const DeadLetter& letter = found->second;
    if (fate == Fate::replayed) {
      const auto topic = prepare_retries(*cluster_, letter.group, letter.subscription);
      if (!topic) return topic.error();
      const Copy copy = copy_of(letter);
      transport::Record record = letter.record;
      record.time = cluster_->executor().now();  // from when it lies there
      if (auto sent = (*transaction)->send(*topic, kAtOnce, record, &copy); !sent) return sent.error();
    }
    const transport::Record state{
        .topic = cluster_->names().dead_states(), .key = id, .body = fate == Fate::replayed ? "replayed" : "discarded"};
    if (auto sent = (*transaction)->send(state.topic, 0, state, nullptr); !sent) return sent.error();
  }
  if (auto committed = (*transaction)->commit(); !committed) return committed.error();
  return closed;
}

}  // namespace tidings::kafka
