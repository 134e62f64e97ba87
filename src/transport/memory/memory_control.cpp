#include "transport/memory/memory_control.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "transport/driver/control_sizes.hpp"
#include "transport/memory/memory_options.hpp"

namespace tidings::memory {

using transport::ControlRecord;
using transport::PutOptions;

namespace {

bool is_live(const ControlRecord& record, Time now) {
  return !record.expires || *record.expires > now;
}

}  // namespace

Result<std::uint64_t> MemoryControl::put(std::string_view key, std::optional<std::string_view> value,
                                         const PutOptions& options, Time now) {
  if (auto fits = transport::check_control_sizes(key, value); !fits) return fits.error();
  forget_expired(now);
  const auto found = records_.find(key);
  const std::uint64_t present = found == records_.end() ? 0 : found->second.version;
  if (options.expected && *options.expected != present) {
    return conflict(
        fmt::format("control key '{}' is at version {}, not {}: read it again", key, present, *options.expected));
  }
  if (found == records_.end() && value && records_.size() >= kControlRecordsMax) {
    return overloaded(fmt::format("there are {} control records already: erase some", kControlRecordsMax));
  }
  const std::uint64_t version = ++last_change_;
  if (!value) {
    records_.erase(std::string{key});
  } else {
    records_[std::string{key}] = {std::string{key}, std::string{*value}, version, options.expires};
    next_expiry_ = std::min(next_expiry_, options.expires.value_or(kNever));
  }
  return version;
}

std::optional<ControlRecord> MemoryControl::get(std::string_view key, Time now) const {
  const auto found = records_.find(key);
  if (found == records_.end() || !is_live(found->second, now)) return std::nullopt;
  return found->second;
}

std::vector<ControlRecord> MemoryControl::list(std::string_view prefix, Time now) const {
  std::vector<ControlRecord> listed;
  for (auto it = records_.lower_bound(prefix); it != records_.end() && it->first.starts_with(prefix); ++it) {
    if (is_live(it->second, now)) listed.push_back(it->second);
  }
  return listed;
}

void MemoryControl::forget_expired(Time now) {
  if (now < next_expiry_) return;
  next_expiry_ = kNever;
  std::erase_if(records_, [&](const auto& item) {
    const bool live = is_live(item.second, now);
    if (live) next_expiry_ = std::min(next_expiry_, item.second.expires.value_or(kNever));
    return !live;
  });
}

}  // namespace tidings::memory
