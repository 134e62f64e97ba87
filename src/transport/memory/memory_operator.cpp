#include "transport/memory/memory_operator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace tidings::memory {

using transport::ControlRecord;
using transport::Cursor;
using transport::DeadFilter;
using transport::DeadLetter;
using transport::HistoryEntry;
using transport::HistoryRange;
using transport::PutOptions;

namespace {

// A cursor is the offset of the last record that was looked at.
Result<std::int64_t> offset_of(const Cursor& cursor) {
  if (cursor.empty()) return -1;
  std::int64_t offset = 0;
  const auto [end, fault] = std::from_chars(cursor.data(), cursor.data() + cursor.size(), offset);
  if (fault != std::errc{} || end != cursor.data() + cursor.size()) {
    return invalid(fmt::format("'{}' is no cursor of this history; begin with an empty one", cursor));
  }
  return offset;
}

}  // namespace

Result<std::uint64_t> SharedControl::put(std::string_view key, std::optional<std::string_view> value,
                                         const PutOptions& options) {
  return broker_.with_control(
      [&](MemoryControl& control, Time now) -> Result<std::uint64_t> { return control.put(key, value, options, now); });
}

Result<std::optional<ControlRecord>> SharedControl::get(std::string_view key) {
  return broker_.with_control(
      [&](MemoryControl& control, Time now) -> Result<std::optional<ControlRecord>> { return control.get(key, now); });
}

Result<std::vector<ControlRecord>> SharedControl::list(std::string_view prefix) {
  return broker_.with_control([&](MemoryControl& control, Time now) -> Result<std::vector<ControlRecord>> {
    return control.list(prefix, now);
  });
}

Result<std::uint64_t> SharedControl::watch(std::uint64_t seen, Time deadline) {
  std::uint64_t last = 0;
  broker_.wait(deadline, [&](Deployment& deployment) {
    last = deployment.control().last_change();
    return last > seen;
  });
  return last;
}

Result<std::vector<transport::TopicState>> MemoryTopology::topics() {
  return broker_.with([](Deployment& deployment, Time) -> Result<std::vector<transport::TopicState>> {
    return deployment.topic_states();
  });
}

Result<std::vector<transport::GroupState>> MemoryTopology::groups() {
  return broker_.with([](Deployment& deployment, Time) -> Result<std::vector<transport::GroupState>> {
    return deployment.group_states();
  });
}

Result<std::vector<transport::LagState>> MemoryTopology::lag() {
  return broker_.with([](Deployment& deployment, Time now) -> Result<std::vector<transport::LagState>> {
    return deployment.lag_states(now);
  });
}

Result<void> MemoryTopology::set_retention(std::string_view topic, const transport::Retention& change) {
  return broker_.with([&](Deployment& deployment, Time now) -> Result<void> {
    if (auto changed = deployment.set_retention(topic, change); !changed) return changed;
    deployment.tick(now);
    return {};
  });
}

Result<void> MemoryTopology::remove_group(std::string_view group) {
  return broker_.with([&](Deployment& deployment, Time) { return deployment.remove_group(group); });
}

Result<std::vector<DeadLetter>> MemoryDeadLetters::browse(const DeadFilter& filter, std::string_view after,
                                                          std::size_t limit) {
  return broker_.with([&](Deployment& deployment, Time) -> Result<std::vector<DeadLetter>> {
    return deployment.graveyard().browse(filter, after, limit);
  });
}

Result<std::optional<DeadLetter>> MemoryDeadLetters::show(std::string_view id) {
  return broker_.with([&](Deployment& deployment, Time) -> Result<std::optional<DeadLetter>> {
    const Buried* buried = deployment.graveyard().find(id);
    if (buried == nullptr) return std::optional<DeadLetter>{};
    return std::optional{Graveyard::letter_of(*buried)};
  });
}

std::vector<Result<bool>> MemoryDeadLetters::replay(std::span<const std::string> ids) {
  return broker_.with([&](Deployment& deployment, Time) {
    std::vector<Result<bool>> replayed;
    for (const std::string& id : ids) replayed.push_back(deployment.replay_dead(id));
    return replayed;
  });
}

std::vector<Result<bool>> MemoryDeadLetters::discard(std::span<const std::string> ids) {
  return broker_.with([&](Deployment& deployment, Time) {
    std::vector<Result<bool>> discarded;
    for (const std::string& id : ids) discarded.push_back(deployment.graveyard().erase(id));
    return discarded;
  });
}

Result<Cursor> MemoryHistory::read(const HistoryRange& range, const Cursor& after, std::size_t limit,
                                   const std::function<bool(const HistoryEntry&)>& visit) {
  const auto from = offset_of(after);
  if (!from) return from.error();
  std::int64_t last = *from;
  const auto page = broker_.with([&](Deployment& deployment, Time) {
    last = std::max(last, deployment.topics().last_offset());
    return deployment.read(range, *from, limit);
  });
  if (!page) return page.error();
  for (const Kept& kept : *page) {
    if (!visit({.record = kept->view(), .position = kept->position(), .published = kept->published()})) {
      return std::to_string(kept->offset());
    }
  }
  return std::to_string(page->size() == limit && limit > 0 ? page->back()->offset() : last);
}

// The next record of any topic ends it: their offsets are of one sequence.
Result<void> MemoryHistory::wait(std::string_view, const Cursor& after, Time deadline) {
  const auto seen = offset_of(after);
  if (!seen) return seen.error();
  broker_.wait(deadline, [&](Deployment& deployment) { return deployment.topics().last_offset() > *seen; });
  return {};
}

Result<std::uint64_t> MemoryHistory::replay(const HistoryRange& range, std::string_view group,
                                            std::string_view replay_id) {
  return broker_.with([&](Deployment& deployment, Time) { return deployment.replay(range, group, replay_id); });
}

}  // namespace tidings::memory
