#include "outbox/relay_window.hpp"

#include <algorithm>

#include "base/flaw.hpp"

namespace tidings::detail {

namespace {

// Without a key a record is ordered with nothing: a lane of its own.
std::string lane_of(const RelayRow& row) {
  const transport::Record& record = row.record;
  if (!record.key || flawed(Flaw::relay_order_lost)) return std::to_string(row.sequence);
  std::string lane;
  lane.reserve(record.topic.size() + record.key->size() + 2);
  lane.append("k").append(record.topic).push_back('\0');
  return lane.append(*record.key);
}

}  // namespace

void RelayWindow::add(RelayRow row) {
  const std::int64_t sequence = row.sequence;
  cursor_ = sequence;
  if (rows_.contains(sequence)) return;
  std::string name = lane_of(row);
  const auto [lane, is_new] = lanes_.try_emplace(name);
  if (lane->second.refusals > 0) {
    if (lane->second.dropped_from == 0) lane->second.dropped_from = sequence;
    return;
  }
  is_new ? ready_.push_back(sequence) : lane->second.waiting.push_back(sequence);
  const std::size_t bytes = size_of(row.record);
  bytes_ += bytes;
  rows_.emplace(sequence, Row{.lane = std::move(name), .bytes = bytes, .record = std::move(row.record)});
}

std::vector<RelayRow> RelayWindow::take_ready() {
  std::vector<RelayRow> taken;
  taken.reserve(ready_.size());
  for (const std::int64_t sequence : std::exchange(ready_, {})) {
    Row& row = rows_.at(sequence);
    taken.push_back({sequence, *std::move(row.record)});
    row.record.reset();
  }
  return taken;
}

void RelayWindow::release_bytes(Row& row) {
  bytes_ -= std::exchange(row.bytes, 0);
}

void RelayWindow::confirm(std::int64_t sequence) {
  Row& row = rows_.at(sequence);
  release_bytes(row);
  const auto found = lanes_.find(row.lane);
  Lane& lane = found->second;
  lane.refusals = 0;
  if (lane.waiting.empty()) {
    if (lane.dropped_from > 0) cursor_ = std::min(cursor_, lane.dropped_from - 1);
    lanes_.erase(found);
    return;
  }
  ready_.push_back(lane.waiting.front());
  lane.waiting.pop_front();
}

void RelayWindow::deleted(std::int64_t sequence) {
  rows_.erase(sequence);
}

int RelayWindow::refuse(std::int64_t sequence, Time now) {
  Row& row = rows_.at(sequence);
  release_bytes(row);
  Lane& lane = lanes_.at(row.lane);
  ++lane.refusals;
  drop_waiting(lane);
  hold(sequence, lane, now);
  return lane.refusals;
}

void RelayWindow::drop_waiting(Lane& lane) {
  if (lane.waiting.empty()) return;
  lane.dropped_from = lane.waiting.front();
  for (const std::int64_t sequence : lane.waiting) {
    release_bytes(rows_.at(sequence));
    rows_.erase(sequence);
  }
  lane.waiting.clear();
}

void RelayWindow::hold(std::int64_t sequence, const Lane& lane, Time now) {
  constexpr int kDoublingsMax = 16;
  const auto delay = limits_.retry_first * (1 << std::min(std::max(lane.refusals, 1) - 1, kDoublingsMax));
  due_.emplace(now + std::min<Duration>(delay, limits_.retry_max), sequence);
}

std::vector<std::int64_t> RelayWindow::take_due(Time now) {
  std::vector<std::int64_t> taken;
  while (!due_.empty() && due_.begin()->first <= now) {
    taken.push_back(due_.begin()->second);
    due_.erase(due_.begin());
  }
  return taken;
}

void RelayWindow::add_again(RelayRow row) {
  Row& known = rows_.at(row.sequence);
  known.bytes = size_of(row.record);
  bytes_ += known.bytes;
  known.record = std::move(row.record);
  ready_.push_back(row.sequence);
}

void RelayWindow::put_off(std::int64_t sequence, Time now) {
  hold(sequence, lanes_.at(rows_.at(sequence).lane), now);
}

std::optional<Time> RelayWindow::next_due() const {
  if (due_.empty()) return std::nullopt;
  return due_.begin()->first;
}

}  // namespace tidings::detail
