#include "transport/kafka/kafka_dead_letters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "transport/kafka/kafka_limits.hpp"
#include "transport/kafka/kept_copy.hpp"
#include "transport/kafka/transactional_client.hpp"
#include "transport/kafka/wire.hpp"

namespace tidings::kafka {

using transport::DeadFilter;
using transport::DeadLetter;

namespace {

// How much earlier a dead letter's message may be stamped than it says that it was buried.
constexpr Duration kStampsDiffer = std::chrono::minutes{1};
constexpr std::int32_t kAtOnce = 0;         // partition of a retry topic
constexpr std::size_t kClosedAtOnce = 500;  // of one transaction
constexpr int kFencedTriesMax = 8;
constexpr Duration kFencedPause = std::chrono::milliseconds{100};  // and up to as much again, times the number of tries

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

// All that is in these topics, from the floors on.
Result<std::vector<OffsetSpan>> KafkaDeadLetters::kept(std::span<const std::string> topics) {
  if (auto fresh = states_.refresh(); !fresh) return fresh.error();
  auto spans = whole(*cluster_, topics);
  if (!spans) return spans;
  std::vector<OffsetSpan> floors;
  for (const OffsetSpan& span : *spans) {
    const auto floor = floor_of(span);
    if (floor) floors.push_back({span.topic, span.partition, floor->offset, floor->offset + 1});
  }
  auto read = read_range(*cluster_, floors, [&](const rd_kafka_message_t& message) {
    const auto letter = letter_of(cluster_->names(), message);
    for (OffsetSpan& span : *spans) {
      if (span.topic != rd_kafka_topic_name(message.rkt) || span.partition != message.partition || !letter) continue;
      // Another one there: the topic was made anew, and the floor was of the old one.
      if (text_of(floor_of(span).value_or(DeadLetterId{})) == letter->id) span.begin = message.offset;
    }
    return true;
  });
  if (!read) return read.error();
  return spans;
}

// None: there is none, or it is not in what is there.
std::optional<DeadLetterId> KafkaDeadLetters::floor_of(const OffsetSpan& span) const {
  const auto floor = states_.floor({cluster_->names().topic_of_dead_letters(span.topic).value_or(""), span.partition});
  return floor && floor->offset >= span.begin && floor->offset < span.end ? floor : std::nullopt;
}

Result<void> KafkaDeadLetters::visit(std::span<const OffsetSpan> spans, const std::function<void(DeadLetter)>& visit) {
  std::map<std::string, std::optional<Time>> removed;
  std::optional<Error> failed;
  auto read = read_range(*cluster_, spans, [&](const rd_kafka_message_t& message) {
    auto letter = letter_of(cluster_->names(), message);
    if (!letter || !is_open(*letter)) return true;
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

bool KafkaDeadLetters::is_open(const DeadLetter& letter) const {
  const auto id = dead_letter_id(letter.id);
  return id && states_.is_open(*id);
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
  auto spans = kept(topics);
  if (!spans || !buried) return spans;
  std::vector<PartitionOffset> partitions;
  for (const OffsetSpan& span : *spans) partitions.push_back({span.topic, span.partition, 0});
  const auto begins = cluster_->offsets_at(std::move(partitions), *buried - kStampsDiffer);
  if (!begins) return begins.error();
  for (std::size_t i = 0; i < spans->size(); ++i) (*spans)[i].begin = std::max((*spans)[i].begin, (*begins)[i].offset);
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
  const auto there = kept(topics);
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
      // Who is fenced and comes at once fences the other in turn.
      Executor& executor = cluster_->executor();
      const auto more = executor.random() % static_cast<std::uint64_t>(kFencedPause.count());
      executor.sleep_until(executor.now() + tries * (kFencedPause + Duration{more}));
      closed = close_once(some, fate);
    }
    for (const std::string& id : some) {
      // The second time that an id is named it is gone.
      answers.push_back(closed ? Result<bool>{closed->erase(id) > 0} : closed.error());
    }
  }
  return answers;
}

// Who opens the client is alone until it has committed: nobody else closes them meanwhile, and what another had open is
// decided. So whether a commit whose answer is no answer was done, a repetition sees.
Result<std::set<std::string>> KafkaDeadLetters::close_once(std::span<const std::string> ids, Fate fate) {
  if (auto ready = states_.prepare(); !ready) return ready.error();
  const auto client = TransactionalClient::open(*cluster_, cluster_->names().on_cluster("tidings.dead"));
  if (!client) return client.error();
  const auto letters = find(ids);
  if (!letters) return letters.error();
  std::set<std::string> closed;
  std::vector<Message> messages;
  for (const std::string& id : ids) {
    const auto found = letters->find(id);
    if (found == letters->end() || !closed.insert(id).second) continue;
    if (fate == Fate::replayed) {
      auto replay = this->replay_of(found->second);
      if (!replay) return replay.error();
      messages.push_back(*std::move(replay));
    }
    messages.push_back(states_.closing(id, fate == Fate::replayed ? DeadState::replayed : DeadState::discarded));
  }
  if (messages.empty()) return closed;
  auto raised = raise_floors(closed);
  if (!raised) return raised.error();
  std::move(raised->begin(), raised->end(), std::back_inserter(messages));
  std::vector<const Message*> all;
  for (const Message& message : messages) all.push_back(&message);
  const auto outcome = (*client)->run(all, nullptr);
  if (outcome.result) return closed;
  if (outcome.doubtful) return conflict(outcome.result.error().message);
  return outcome.result.error();
}

// Where these are dealt with, up to where all are.
Result<std::vector<Message>> KafkaDeadLetters::raise_floors(const std::set<std::string>& closed) {
  std::set<std::string> topics;
  std::set<std::pair<std::string, std::int32_t>> touched;
  for (const std::string& text : closed) {
    const auto id = dead_letter_id(text);
    if (!id) continue;
    topics.insert(cluster_->names().dead_letters(id->topic));
    touched.emplace(cluster_->names().dead_letters(id->topic), id->partition);
  }
  auto spans = kept(std::vector<std::string>{topics.begin(), topics.end()});
  if (!spans) return spans.error();
  std::erase_if(*spans, [&](const OffsetSpan& span) { return !touched.contains({span.topic, span.partition}); });
  for (OffsetSpan& span : *spans) span.end = std::min(span.end, span.begin + kFloorReadMax);
  std::map<DeadStates::Place, DeadLetterId> floors;
  std::set<DeadStates::Place> open;
  std::map<std::string, std::optional<Time>> removed;
  auto read = read_range(*cluster_, *spans, [&](const rd_kafka_message_t& message) {
    const auto letter = letter_of(cluster_->names(), message);
    const auto id = letter ? dead_letter_id(letter->id) : std::nullopt;
    if (!id) return true;
    const DeadStates::Place place{id->topic, id->partition};
    const auto gone = is_removed(removed, *letter);
    const bool is_done = closed.contains(letter->id) || !states_.is_open(*id) || gone.value_or(false);
    if (!is_done) open.insert(place);
    if (!open.contains(place)) floors.insert_or_assign(place, *id);
    return true;
  });
  if (!read) return read.error();
  std::vector<Message> messages;
  for (const auto& [place, floor] : floors) {
    auto raised = states_.raising(floor);
    std::move(raised.begin(), raised.end(), std::back_inserter(messages));
  }
  return messages;
}

Result<Message> KafkaDeadLetters::replay_of(const DeadLetter& letter) {
  const auto topic = prepare_retries(*cluster_, letter.group, letter.subscription);
  if (!topic) return topic.error();
  Message message{.topic = *topic, .record = letter.record, .copy = copy_of(letter), .partition = kAtOnce};
  message.record.time = cluster_->executor().now();  // from when it lies there
  return message;
}

}  // namespace tidings::kafka
