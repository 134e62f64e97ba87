#include "transport/kafka/operate/kafka_history.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/countdown.hpp"
#include "transport/kafka/consume/kept_copy.hpp"
#include "transport/kafka/format/wire.hpp"
#include "transport/kafka/operate/replay_sender.hpp"

namespace tidings::kafka {

using transport::Cursor;
using transport::HistoryEntry;
using transport::HistoryRange;

namespace {

constexpr Duration kLookForMore = std::chrono::milliseconds{25};

Time by_milliseconds(Time time) {
  return std::chrono::floor<std::chrono::milliseconds>(time);
}

bool is_in(const HistoryRange& range, const HistoryEntry& entry) {
  return (!range.from || entry.published >= by_milliseconds(*range.from)) &&
         (!range.to || entry.published < by_milliseconds(*range.to)) &&
         (!range.key || entry.record.key == std::optional<std::string_view>{*range.key});
}

}  // namespace

Result<std::vector<OffsetSpan>> KafkaHistory::spans(std::string_view topic, const Cursor& after,
                                                    std::optional<Time> from) {
  const auto places = places_of(after);
  if (!places) return invalid(fmt::format("'{}' is no place in the history of a topic: begin anew without it", after));
  const std::string name = cluster_->names().on_cluster(topic);
  const auto partitions = cluster_->partitions(name);
  if (!partitions) return partitions.error();
  if (!*partitions) return invalid(fmt::format("there is no topic '{}'", topic));
  auto all = whole(*cluster_, {&name, 1});
  if (!all) return all;
  std::vector<PartitionOffset> asked;
  for (const OffsetSpan& span : *all) asked.push_back({span.topic, span.partition, 0});
  if (from && !places->empty()) from.reset();  // the place says more
  const auto begins =
      from ? cluster_->offsets_at(asked, by_milliseconds(*from)) : Result<std::vector<PartitionOffset>>{asked};
  if (!begins) return begins.error();
  for (std::size_t i = 0; i < all->size(); ++i) {
    OffsetSpan& span = (*all)[i];
    span.begin = std::max(span.begin, (*begins)[i].offset);
    if (const auto place = places->find(span.partition); place != places->end()) {
      span.begin = std::max(span.begin, place->second);
    }
    span.end = std::max(span.begin, span.end);
  }
  return all;
}

Result<Cursor> KafkaHistory::read(const HistoryRange& range, const Cursor& after, std::size_t limit,
                                  const std::function<bool(const HistoryEntry&)>& visit) {
  const auto spans = this->spans(range.topic, after, range.from);
  if (!spans) return spans.error();
  HistoryPlaces places;
  for (const OffsetSpan& span : *spans) places[span.partition] = span.begin;
  if (limit == 0) return cursor_of(places);
  std::size_t visited = 0;
  bool enough = false;
  std::vector<transport::HeaderView> headers;
  auto read = read_range(*cluster_, *spans, [&](const rd_kafka_message_t& message) {
    headers.clear();
    headers.reserve(header_count(message));
    HistoryEntry entry{.record = read_record(message, range.topic, headers),
                       .position = {message.partition, message.offset}};
    entry.published = entry.record.time.value_or(Time{});
    places[message.partition] = message.offset + 1;
    if (!is_in(range, entry)) return true;
    enough = !visit(entry) || ++visited == limit;
    return !enough;
  });
  if (!read) return read.error();
  if (enough) return cursor_of(places);
  for (const OffsetSpan& span : *spans) places[span.partition] = span.end;
  return cursor_of(places);
}

Result<void> KafkaHistory::wait(std::string_view topic, const Cursor& after, Time deadline) {
  const Deadline end{cluster_->executor(), deadline};
  for (;;) {
    const auto rest = spans(topic, after, {});
    if (!rest) return rest.error();
    if (std::any_of(rest->begin(), rest->end(), [](const auto& span) { return span.begin < span.end; })) return {};
    if (end.reached()) return {};
    cluster_->executor().sleep_until(std::min(end.at(), cluster_->executor().now() + kLookForMore));
  }
}

Result<std::vector<std::string>> KafkaHistory::readers(const std::string& topic, std::string_view group) {
  const auto record = registrations_->group(std::string{group});
  if (!record && record.error().kind != ErrorKind::invalid) return record.error();
  std::vector<std::string> names;
  for (const auto& subscription : record ? record->subscriptions : std::vector<GroupSubscription>{}) {
    const auto topics = registrations_->topics_read(spec_of(record->group, subscription));
    if (!topics) return topics.error();
    if (topics->contains(topic)) names.push_back(subscription.name());
  }
  if (!names.empty()) return names;
  return invalid(fmt::format("there is no group '{}' that reads topic '{}'", group, topic));
}

Result<std::uint64_t> KafkaHistory::replay(const HistoryRange& range, std::string_view group,
                                           std::string_view replay_id) {
  const auto spans = this->spans(range.topic, {}, range.from);
  if (!spans) return spans.error();
  const auto names = readers(range.topic, group);
  if (!names) return names.error();
  ReplaySender sender{cluster_};
  if (auto opened = sender.open(); !opened) return opened.error();
  std::uint64_t count = 0;
  std::vector<transport::HeaderView> headers;
  std::optional<Error> failed;
  auto read = read_range(*cluster_, *spans, [&](const rd_kafka_message_t& message) {
    headers.clear();
    headers.reserve(header_count(message));
    const HistoryEntry entry{.record = read_record(message, range.topic, headers),
                             .position = {message.partition, message.offset},
                             .published = message_time(message)};
    if (!is_in(range, entry)) return true;
    for (const std::string& name : *names) {
      const Copy copy{.group = std::string{group},
                      .subscription = name,
                      .topic = range.topic,
                      .position = entry.position,
                      .time = entry.record.time,
                      .replays = 1,
                      .replay_id = std::string{replay_id}};
      if (auto sent = sender.send(to_record(entry.record), copy); !sent) failed = sent.error();
    }
    ++count;
    return !failed;
  });
  if (read && !failed) read = sender.finish();
  if (failed) return *failed;
  if (!read) return read.error();
  return count;
}

}  // namespace tidings::kafka
