#include "transport/kafka/format/partition_progress.hpp"

#include <algorithm>

namespace tidings::kafka {

using transport::Attempts;

namespace {

bool contains(const std::vector<OffsetRange>& ranges, std::int64_t offset) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const OffsetRange& range) { return range.first <= offset && offset <= range.last; });
}

// Behind those that are there.
void append(std::vector<OffsetRange>& ranges, OffsetRange range) {
  if (range.first > range.last) return;
  if (!ranges.empty() && ranges.back().last + 1 >= range.first) {
    ranges.back().last = std::max(ranges.back().last, range.last);
  } else {
    ranges.push_back(range);
  }
}

}  // namespace

PartitionProgress::PartitionProgress(CommitRecord found, std::optional<std::set<std::int64_t>> suspects)
    : next_{found.watermark}, found_{std::move(found)} {
  if (!suspects) return;
  found_.in_flight_below.reset();
  suspects_ = *std::move(suspects);
}

std::optional<PartitionProgress::Arrival> PartitionProgress::arrive(std::int64_t offset) {
  const bool settled = offset < next_ || contains(found_.settled, offset);
  skip_to(offset + 1);
  if (settled) return std::nullopt;
  const bool in_window = found_.in_flight_below && offset < *found_.in_flight_below;
  Open open{.suspect = in_window || suspects_.contains(offset)};
  if (const auto tried = found_.attempts.find(offset); tried != found_.attempts.end()) open.attempts = tried->second;
  Arrival arrival{.attempts = open.attempts, .suspect = open.suspect};
  reopen(offset, std::move(open));
  return arrival;
}

bool PartitionProgress::was_known(std::int64_t offset) const {
  return (!found_.attempts.empty() && offset <= found_.attempts.rbegin()->first) ||
         (!found_.settled.empty() && offset <= found_.settled.back().last);
}

void PartitionProgress::skip_to(std::int64_t offset) {
  next_ = std::max(next_, offset);
}

std::uint64_t PartitionProgress::unsettled_before(std::int64_t offset) const {
  CommitRecord rest{.watermark = next_, .settled = found_.settled};
  std::erase_if(rest.settled, [this](const OffsetRange& range) { return range.last < next_; });
  if (!rest.settled.empty()) rest.settled.front().first = std::max(rest.settled.front().first, next_);
  return tidings::kafka::skip_to(rest, offset);
}

PartitionProgress::Open PartitionProgress::settle(std::int64_t offset) {
  if (!open_.take(offset)) return {};
  return std::move(said_.extract(offset).mapped());
}

void PartitionProgress::reopen(std::int64_t offset, Open open) {
  open_.add(offset, false);
  if (!open.is_plain()) say(offset, std::move(open));
}

void PartitionProgress::say(std::int64_t offset, Open open) {
  open_.at(offset) = true;
  said_.insert_or_assign(offset, std::move(open));
}

void PartitionProgress::retry(std::int64_t offset, const Attempts& attempts) {
  say(offset, {.attempts = attempts});
}

void PartitionProgress::mark(std::int64_t offset, const Attempts& marked) {
  open_.at(offset) = true;
  Open& open = said_[offset];
  if (!open.unmarked) open.unmarked = open.attempts;
  open.attempts = marked;
}

bool PartitionProgress::release(std::int64_t offset) {
  if (!open_.at(offset)) return false;
  Open& open = said_.at(offset);
  if (!open.unmarked) return false;
  open.attempts = *open.unmarked;
  open.unmarked.reset();
  return true;
}

CommitRecord PartitionProgress::state() const {
  CommitRecord record{.watermark = open_.empty() ? next_ : open_.first()};
  std::int64_t at = record.watermark;
  open_.for_each([&](std::int64_t offset, bool) {
    append(record.settled, {at, offset - 1});
    at = offset + 1;
  });
  for (const auto& [offset, open] : said_) {
    if (open.attempts != Attempts{}) record.attempts.emplace(offset, open.attempts);
  }
  if (!open_.empty()) append(record.settled, {at, next_ - 1});
  for (const OffsetRange& range : found_.settled) append(record.settled, {std::max(range.first, next_), range.last});
  record.attempts.insert(found_.attempts.lower_bound(next_), found_.attempts.end());
  return record;
}

CommitRecord PartitionProgress::record(std::int64_t in_flight_below) const {
  CommitRecord record = state();
  record.in_flight_below = std::max(in_flight_below, found_.in_flight_below.value_or(in_flight_below));
  return record;
}

CommitRecord PartitionProgress::last_record() const {
  CommitRecord record = state();
  if (found_.in_flight_below && *found_.in_flight_below > next_) record.in_flight_below = found_.in_flight_below;
  if (!suspects_.empty() && *suspects_.rbegin() >= next_) {
    record.in_flight_below = std::max(record.in_flight_below.value_or(0), *suspects_.rbegin() + 1);
  }
  for (const auto& [offset, open] : said_) {
    if (open.suspect && !record.in_flight_below.has_value()) record.in_flight_below = offset + 1;
    if (open.suspect) record.in_flight_below = std::max(*record.in_flight_below, offset + 1);
    if (!open.unmarked) continue;
    record.attempts.erase(offset);
    if (*open.unmarked != Attempts{}) record.attempts.emplace(offset, *open.unmarked);
  }
  return record;
}

}  // namespace tidings::kafka
