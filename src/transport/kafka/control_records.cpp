#include "transport/kafka/control_records.hpp"

#include <chrono>

namespace tidings::kafka {

using transport::ControlRecord;

namespace {

bool is_live(const std::optional<Time>& expires, Time now) {
  return !expires || *expires > now;
}

// The broker's clock counts milliseconds: what expires within one has expired in it.
bool is_live_at_broker(const std::optional<Time>& expires, Time appended) {
  return !expires || std::chrono::floor<std::chrono::milliseconds>(*expires) > appended;
}

}  // namespace

bool ControlRecords::apply(const ControlMessage& message, Time now) {
  // Only then may what came before it be gone; an hour for clocks that differ.
  const bool old = now - message.appended > kCompactionLag - std::chrono::hours{1};
  const auto [found, is_new] = entries_.try_emplace(message.key);
  Entry& entry = found->second;
  const bool taken = counts(entry, message, !is_new, old);
  if (taken) {
    entry.value = message.value;
    entry.expires = message.expires;
    entry.version = message.keeps.value_or(message.version);
    entry.assumed_above.reset();
    if (is_new && old && message.expected) entry.assumed_above = *message.expected;
  }
  entry.last = message.version;
  entry.ignored = !taken;
  entry.appended = message.appended;
  return taken;
}

bool ControlRecords::counts(const Entry& there, const ControlMessage& message, bool known, bool old) {
  if (message.keeps) return !known || there.version == *message.keeps || there.version == message.repairs;
  if (!message.expected) return true;
  const bool present = there.value && is_live_at_broker(there.expires, message.appended);
  if (*message.expected == (present ? there.version : 0)) return true;
  if (!known) return old;
  return there.assumed_above && *message.expected > *there.assumed_above && *message.expected < there.version;
}

std::optional<ControlRecord> ControlRecords::get(std::string_view key, Time now) const {
  const auto found = entries_.find(key);
  if (found == entries_.end() || !found->second.value || !is_live(found->second.expires, now)) return std::nullopt;
  const Entry& entry = found->second;
  return ControlRecord{found->first, *entry.value, entry.version, entry.expires};
}

std::vector<ControlRecord> ControlRecords::list(std::string_view prefix, Time now) const {
  std::vector<ControlRecord> listed;
  for (auto it = entries_.lower_bound(prefix); it != entries_.end() && it->first.starts_with(prefix); ++it) {
    const Entry& entry = it->second;
    if (entry.value && is_live(entry.expires, now)) {
      listed.push_back({it->first, *entry.value, entry.version, entry.expires});
    }
  }
  return listed;
}

ControlMessage ControlRecords::repair(const Entries::value_type& entry) {
  return {.key = entry.first,
          .value = entry.second.value,
          .expires = entry.second.expires,
          .keeps = entry.second.version,
          .repairs = entry.second.last};
}

std::optional<ControlMessage> ControlRecords::repair_of(std::string_view key) const {
  const auto found = entries_.find(key);
  if (found == entries_.end() || !found->second.ignored) return std::nullopt;
  return repair(*found);
}

std::vector<ControlMessage> ControlRecords::repairs(Time before) const {
  std::vector<ControlMessage> needed;
  for (const auto& entry : entries_) {
    if (entry.second.ignored && entry.second.appended < before) needed.push_back(repair(entry));
  }
  return needed;
}

std::vector<std::string> ControlRecords::expired(Time before) const {
  std::vector<std::string> keys;
  for (const auto& [key, entry] : entries_) {
    if (entry.value && !is_live(entry.expires, before)) keys.push_back(key);
  }
  return keys;
}

void ControlRecords::forget_erased(Time before) {
  std::erase_if(entries_, [before](const auto& entry) {
    return !entry.second.value && !entry.second.ignored && entry.second.appended < before;
  });
}

}  // namespace tidings::kafka
