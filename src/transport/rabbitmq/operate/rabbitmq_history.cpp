#include "transport/rabbitmq/operate/rabbitmq_history.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "transport/rabbitmq/link/rabbitmq_limits.hpp"
#include "transport/rabbitmq/operate/rabbitmq_topology.hpp"
#include "transport/rabbitmq/publish/send_now.hpp"
#include "transport/rabbitmq/topology/stream_end.hpp"
#include "transport/rabbitmq/topology/stream_reader.hpp"
#include "transport/rabbitmq/topology/topics.hpp"

namespace tidings::rabbitmq {

using transport::Copy;
using transport::Cursor;
using transport::HistoryEntry;
using transport::HistoryRange;

namespace {

Time by_seconds(Time time) {
  return std::chrono::floor<std::chrono::seconds>(time);
}

bool is_in(const HistoryRange& range, const HistoryEntry& entry) {
  return (!range.from || entry.published >= by_seconds(*range.from)) &&
         (!range.to || entry.published < by_seconds(*range.to)) &&
         (!range.key || entry.record.key == std::optional<std::string_view>{*range.key});
}

// The offset of the next one.
Result<std::optional<std::uint64_t>> offset_of(const Cursor& cursor) {
  if (cursor.empty()) return std::optional<std::uint64_t>{};
  std::uint64_t offset = 0;
  const auto [end, fault] = std::from_chars(cursor.data(), cursor.data() + cursor.size(), offset);
  if (fault == std::errc{} && end == cursor.data() + cursor.size()) return std::optional{offset};
  return invalid(fmt::format("'{}' is no place in the history of a topic: begin anew without it", cursor));
}

}  // namespace

Result<void> RabbitmqHistory::check_topic(const std::string& topic) {
  const auto known = catalog_->topic(topic);
  if (!known) return known.error();
  if (!*known) return invalid(fmt::format("there is no topic '{}'", topic));
  if (broker_->options().history > Duration::zero()) return {};
  return unsupported("topics keep no history here: open the URL without history=no, and events are kept from then on");
}

Result<Cursor> RabbitmqHistory::read(const HistoryRange& range, const Cursor& after, std::size_t limit,
                                     const std::function<bool(const HistoryEntry&)>& visit) {
  if (auto there = check_topic(range.topic); !there) return there.error();
  const auto from = offset_of(after);
  if (!from) return from.error();
  if (limit == 0) return after;
  const StreamSpec stream = history_of(broker_->names(), range.topic, broker_->options());
  const auto last = last_of_stream(*broker_, stream.name, broker_->executor().now() + kRequestWithin);
  if (!last) return last.error();
  if (!*last || (*from && **last < **from)) return after;
  StreamReader reader{broker_, stream};
  if (auto opened = reader.open(*from); !opened) return opened.error();
  Cursor next = after;
  for (std::size_t visited = 0; visited < limit;) {
    auto message = reader.next(broker_->executor().now() + kRequestWithin, -1);
    if (!message) return message.error();
    if (*message == nullptr) return unavailable(fmt::format("could not read stream '{}' to its end", stream.name));
    const Message& one = **message;
    const auto offset = static_cast<std::uint64_t>(one.stream_offset());
    if (*from && offset < **from) continue;  // of the same chunk
    next = std::to_string(offset + 1);
    const HistoryEntry entry{
        .record = one.record(), .position = {0, one.stream_offset()}, .published = one.record().time.value_or(Time{})};
    const bool is_wanted = is_in(range, entry);
    if (is_wanted && (++visited, !visit(entry))) break;
    if (offset >= **last) break;
  }
  return next;
}

Result<void> RabbitmqHistory::wait(std::string_view topic, const Cursor& after, Time deadline) {
  const auto from = offset_of(after);
  if (!from) return from.error();
  const StreamSpec stream = history_of(broker_->names(), std::string{topic}, broker_->options());
  auto reader = take_waiting(stream.name, *from);
  bool is_new = reader == nullptr;
  if (is_new) reader = std::make_unique<StreamReader>(broker_, stream);
  while (true) {
    if (!reader->is_open()) {
      if (auto opened = reader->open(*from); !opened) return opened;
    }
    const auto message = reader->next(deadline, -1);
    if (!message && !std::exchange(is_new, true)) continue;  // nobody kept its heartbeats meanwhile
    if (!message) return message.error();
    if (*message == nullptr) break;
    // Of the same chunk, others come before it.
    if (static_cast<std::uint64_t>((*message)->stream_offset()) >= from->value_or(0)) return {};
  }
  const std::lock_guard lock{mutex_};
  last_wait_ = Wait{.stream = stream.name, .from = *from, .reader = std::move(reader)};
  return {};
}

std::unique_ptr<StreamReader> RabbitmqHistory::take_waiting(const std::string& stream,
                                                            std::optional<std::uint64_t> from) {
  std::optional<Wait> last;
  {
    const std::lock_guard lock{mutex_};
    last.swap(last_wait_);
  }
  return last && last->stream == stream && last->from == from ? std::move(last->reader) : nullptr;
}

Result<std::vector<KnownSubscription>> RabbitmqHistory::readers(const std::string& topic, std::string_view group) {
  const auto record = registrations_->group(std::string{group});
  if (!record && record.error().kind != ErrorKind::invalid) return record.error();
  std::set<std::string> names;
  for (const auto& subscription : record ? record->subscriptions : std::vector<transport::GroupSubscription>{}) {
    const auto topics = registrations_->topics_read(transport::spec_of(record->group, subscription));
    if (!topics) return topics.error();
    if (topics->contains(topic)) names.insert(subscription.name());
  }
  const auto all = subscriptions_of(*catalog_, *registrations_);
  if (!all) return all.error();
  std::vector<KnownSubscription> readers;
  for (const KnownSubscription& one : *all) {
    if (one.group == group && names.contains(one.name)) readers.push_back(one);
  }
  if (!readers.empty()) return readers;
  return invalid(fmt::format("there is no group '{}' that reads topic '{}'", group, topic));
}

Result<std::uint64_t> RabbitmqHistory::replay(const HistoryRange& range, std::string_view group,
                                              std::string_view replay_id) {
  const auto readers = this->readers(range.topic, group);
  if (!readers) return readers.error();
  std::uint64_t count = 0;
  std::optional<Error> failed;
  const auto read = this->read(range, {}, SIZE_MAX, [&](const HistoryEntry& entry) {
    for (const KnownSubscription& reader : *readers) {
      Copy copy{.group = std::string{group}, .subscription = reader.name, .replays = 1};
      copy.replay_id = replay_id;
      auto sent = send_now(*producer_, broker_->executor(),
                           {.exchange = reader.queues.incoming().exchange(),
                            .key = reader.queues.incoming().name,
                            .record = to_record(entry.record),
                            .notes = transport::copy_headers(copy)});
      if (!sent) failed = sent.error();
    }
    ++count;
    return !failed;
  });
  if (failed) return *failed;
  if (!read) return read.error();
  return count;
}

}  // namespace tidings::rabbitmq
