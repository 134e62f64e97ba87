#include "transport/kafka/operate/kafka_dead_letters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "transport/kafka/client/kafka_limits.hpp"
#include "transport/kafka/consume/kept_copy.hpp"
#include "transport/kafka/consume/transactional_client.hpp"
#include "transport/kafka/format/wire.hpp"

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

// The last one that is covered: as long as it is there, all of them are.
DeadLetterId mark_of(const DeadStates::Place& place, const DeadRange& range) {
  return {range.buried, place.first, place.second, range.last};
}

OffsetRange offsets_of(const OffsetSpan& span) {
  return {span.begin, span.end - 1};
}

void add_spans(const OffsetSpan& of, const Offsets& offsets, std::vector<OffsetSpan>& spans) {
  for (const OffsetRange& range : offsets) spans.push_back({of.topic, of.partition, range.first, range.last + 1});
}

}  // namespace

// Those of these that are ours.
Result<void> KafkaDeadLetters::read(std::span<const OffsetSpan> spans, const std::function<bool(DeadLetter)>& take) {
  return read_range(*cluster_, spans, [&](const rd_kafka_message_t& message) {
    ++looked_at_;
    auto letter = letter_of(cluster_->names(), message);
    return !letter || take(*std::move(letter));
  });
}

// All that is in these topics, from the floors on.
Result<std::vector<KafkaDeadLetters::Kept>> KafkaDeadLetters::kept(std::span<const std::string> topics) {
  if (auto fresh = states_.refresh(); !fresh) return fresh.error();
  const auto spans = whole(*cluster_, topics);
  if (!spans) return spans.error();
  std::vector<Kept> kept;
  for (const OffsetSpan& span : *spans) {
    const DeadStates::Place place{cluster_->names().topic_of_dead_letters(span.topic).value_or(""), span.partition};
    kept.push_back({span, place, states_.cover(place)});
  }
  if (auto dropped = drop_of_others(kept); !dropped) return dropped.error();
  for (Kept& one : kept) {
    if (one.cover.floor) one.span.begin = one.cover.floor->offset + 1;
  }
  return kept;
}

// Floors and ranges whose mark is not there, or is another one: the topic was made anew, and they were of the old one,
// or its end was lost, and the youngest of them with it.
Result<void> KafkaDeadLetters::drop_of_others(std::vector<Kept>& kept) {
  Marks marks;
  for (const Kept& one : kept) {
    if (one.cover.floor) marks.push_back({one.span, *one.cover.floor});
    if (!one.cover.ranges.empty()) marks.push_back({one.span, mark_of(one.place, one.cover.ranges.back())});
  }
  auto there = those_there(marks);
  if (!there) return there.error();
  marks.clear();
  for (Kept& one : kept) {
    if (one.cover.floor && !there->contains(text_of(*one.cover.floor))) one.cover.floor.reset();
    if (one.cover.ranges.empty() || there->contains(text_of(mark_of(one.place, one.cover.ranges.back())))) continue;
    for (const DeadRange& range : one.cover.ranges) marks.push_back({one.span, mark_of(one.place, range)});
  }
  if (marks.empty()) return {};
  const auto of_each = those_there(marks);
  if (!of_each) return of_each.error();
  there->insert(of_each->begin(), of_each->end());
  for (Kept& one : kept) {
    if (one.cover.ranges.empty() || there->contains(text_of(mark_of(one.place, one.cover.ranges.back())))) continue;
    std::erase_if(one.cover.ranges,
                  [&](const DeadRange& range) { return !there->contains(text_of(mark_of(one.place, range))); });
  }
  return {};
}

// Ids of those of these marks that lie where they say.
Result<std::set<std::string>> KafkaDeadLetters::those_there(const Marks& marks) {
  std::vector<OffsetSpan> spans;
  for (const auto& [span, mark] : marks) {
    if (mark.offset < span.begin || mark.offset >= span.end) continue;
    spans.push_back({span.topic, span.partition, mark.offset, mark.offset + 1});
  }
  std::set<std::string> there;
  auto read = this->read(spans, [&](const DeadLetter& letter) {
    there.insert(letter.id);
    return true;
  });
  if (!read) return read.error();
  return there;
}

Result<void> KafkaDeadLetters::visit(std::span<const OffsetSpan> spans, const std::function<void(DeadLetter)>& visit) {
  std::map<std::string, std::optional<Time>> removed;
  std::optional<Error> failed;
  auto read = this->read(spans, [&](DeadLetter letter) {
    if (!is_open(letter)) return true;
    const auto gone = is_removed(removed, letter);
    if (!gone) {
      failed = gone.error();
      return false;
    }
    if (!*gone) visit(std::move(letter));
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
  auto kept = this->kept(topics);
  if (!kept) return kept.error();
  if (buried) {
    std::vector<PartitionOffset> partitions;
    for (const Kept& one : *kept) partitions.push_back({one.span.topic, one.span.partition, 0});
    const auto begins = cluster_->offsets_at(std::move(partitions), *buried - kStampsDiffer);
    if (!begins) return begins.error();
    for (std::size_t i = 0; i < kept->size(); ++i) {
      OffsetSpan& span = (*kept)[i].span;
      span.begin = std::max(span.begin, (*begins)[i].offset);
    }
  }
  std::vector<OffsetSpan> spans;
  for (const Kept& one : *kept) add_spans(one.span, outside(offsets_of(one.span), one.cover.ranges), spans);
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
  for (const Kept& one : *there) {
    const auto found = spans.find({one.span.topic, one.span.partition});
    if (found == spans.end()) continue;
    const OffsetRange all = offsets_of(one.span), some = offsets_of(found->second);
    const OffsetRange both{std::max(all.first, some.first), std::min(all.last, some.last)};
    add_spans(one.span, outside(both, one.cover.ranges), wanted);
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
  auto covering = cover(closed);
  if (!covering) return covering.error();
  std::move(covering->begin(), covering->end(), std::back_inserter(messages));
  std::vector<const Message*> all;
  for (const Message& message : messages) all.push_back(&message);
  const auto outcome = (*client)->run(all, nullptr);
  if (outcome.result) return closed;
  if (outcome.doubtful) return conflict(outcome.result.error().message);
  return outcome.result.error();
}

// How these partitions are covered, once these are dealt with.
Result<std::vector<Message>> KafkaDeadLetters::cover(const std::set<std::string>& closed) {
  std::map<DeadStates::Place, std::int64_t> first_closed;
  std::set<std::string> topics;
  for (const std::string& text : closed) {
    const auto id = dead_letter_id(text);
    if (!id) continue;
    topics.insert(cluster_->names().dead_letters(id->topic));
    std::int64_t& first = first_closed.emplace(DeadStates::Place{id->topic, id->partition}, id->offset).first->second;
    first = std::min(first, id->offset);
  }
  auto kept = this->kept(std::vector<std::string>{topics.begin(), topics.end()});
  if (!kept) return kept.error();
  std::erase_if(*kept, [&](const Kept& one) { return !first_closed.contains(one.place); });
  std::map<DeadStates::Place, DeadLook> looks;
  std::vector<OffsetSpan> spans;
  for (const Kept& one : *kept) {
    const auto look = offsets_to_look_at(offsets_of(one.span), one.cover.ranges, first_closed.at(one.place));
    looks[one.place] = {.begin = one.span.begin, .ranges = one.cover.ranges, .read = look, .seen = {}};
    add_spans(one.span, look, spans);
  }
  std::map<std::string, std::optional<Time>> removed;
  auto read = this->read(spans, [&](const DeadLetter& letter) {
    const auto id = dead_letter_id(letter.id);
    const auto look = id ? looks.find({id->topic, id->partition}) : looks.end();
    if (look == looks.end()) return true;
    const auto gone = is_removed(removed, letter);
    const bool is_done = closed.contains(letter.id) || !states_.is_open(*id) || gone.value_or(false);
    look->second.seen.push_back({id->offset, id->buried, !is_done});
    return true;
  });
  if (!read) return read.error();
  std::vector<Message> messages;
  for (const Kept& one : *kept) {
    const DealtWith now = dealt_with(looks.at(one.place));
    DeadCover cover{.floor = one.cover.floor, .ranges = now.ranges};
    if (now.front) cover.floor = mark_of(one.place, *now.front);
    auto more = states_.covering(one.place, one.cover, cover);
    std::move(more.begin(), more.end(), std::back_inserter(messages));
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
