#include "transport/driver/control_records.hpp"

#include <chrono>

namespace tidings::transport {

namespace {

bool is_live(const std::optional<Time>& expires, Time now) {
  return !expires || *expires > now;
}

// The broker's clock counts milliseconds: what expires within one has expired in it.
bool is_live_at_broker(const std::optional<Time>& expires, Time appended) {
  return !expires || std::chrono::floor<std::chrono::milliseconds>(*expires) > appended;
}

}  // namespace

Earlier earlier_by_age(Time appended, Time now) {
  // An hour for clocks that differ.
  return now - appended > kCompactionLag - std::chrono::hours{1} ? Earlier::may_be_gone : Earlier::was_read;
}

bool ControlRecords::apply(const ControlMessage& message, Earlier earlier) {
  const auto [found, is_new] = entries_.try_emplace(message.key);
  Entry& entry = found->second;
  const Verdict verdict = judge(is_new ? nullptr : &entry, message, earlier);
  const bool taken = verdict != Verdict::ignored;
  if (taken) {
    bytes_ -= bytes_of(*found);
    entry.value = message.value;
    entry.expires = message.expires;
    entry.version = message.keeps.value_or(message.version);
    entry.assumed_above.reset();
    if (verdict == Verdict::assumed) entry.assumed_above = *message.expected;
    bytes_ += bytes_of(*found);
  }
  if (taken || !entry.value) entry.position = message.position;
  entry.last = message.version;
  entry.ignored = !taken;
  entry.appended = message.appended;
  return taken;
}

// `there`: none, the key is new.
ControlRecords::Verdict ControlRecords::judge(const Entry* there, const ControlMessage& message, Earlier earlier) {
  if (message.keeps) {
    const bool knows = there == nullptr || there->version == *message.keeps || there->version == message.repairs ||
                       there->last == message.repairs;
    return knows ? Verdict::counts : Verdict::ignored;
  }
  if (!message.expected) return Verdict::counts;
  const bool unsure = there == nullptr ? earlier == Earlier::may_be_gone : there->assumed_above.has_value();
  const bool present = there != nullptr && there->value && is_live_at_broker(there->expires, message.appended);
  const std::uint64_t version = present ? there->version : 0;
  // Whoever expects a version has seen it; that there is none says nothing.
  if (*message.expected == version) return unsure && version == 0 ? Verdict::assumed : Verdict::counts;
  if (!unsure) return Verdict::ignored;
  if (there == nullptr) return Verdict::assumed;
  if (*message.expected <= *there->assumed_above) return Verdict::ignored;
  return *message.expected < there->version ? Verdict::assumed : Verdict::counts;
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

std::size_t ControlRecords::bytes_of(const Entries::value_type& entry) {
  return entry.second.value ? kControlMessageBytes + entry.first.size() + entry.second.value->size() : 0;
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

std::vector<ControlMessage> ControlRecords::sinking(std::uint64_t before, std::size_t bytes_max) const {
  std::vector<ControlMessage> needed;
  std::size_t bytes = 0;
  for (const auto& entry : entries_) {
    const Entry& there = entry.second;
    // Also that nothing is there, where the last message counted for nothing: who reads only that one may assume that
    // it did. What is assumed here is for others to say.
    const bool is_known = (there.value || there.ignored) && !there.assumed_above;
    if (!is_known || there.position >= before) continue;
    bytes += bytes_of(entry);
    if (bytes > bytes_max && !needed.empty()) break;
    needed.push_back(repair(entry));
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

}  // namespace tidings::transport
