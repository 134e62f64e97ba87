#include "transport/kafka/format/commit_record.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "base/byte_coding.hpp"
#include "base/whole_characters.hpp"
#include "event/base64.hpp"

namespace tidings::kafka {

using transport::Attempts;

namespace {

constexpr std::string_view kMark = "tidings1:";
// How much of each error's text is kept, from the most to nothing.
constexpr std::array<std::size_t, 6> kErrorTexts{transport::kErrorTextMax, 1'000, 500, 200, 50, 0};

std::uint64_t distance(std::int64_t from, std::int64_t to) {
  return static_cast<std::uint64_t>(to - from);
}

// Times stand as microseconds after `base`, plus 1; 0: none. What lies before it counts as at it: nothing does.
void put_time(ByteWriter& out, const std::optional<Time>& time, Time base) {
  out.varint(time ? static_cast<std::uint64_t>(std::max(*time, base).time_since_epoch().count() -
                                               base.time_since_epoch().count()) +
                        1
                  : 0);
}

Time first_time(const CommitRecord& record) {
  Time first = Time::max();
  for (const auto& [offset, attempts] : record.attempts) {
    first = std::min({first, attempts.due.value_or(first), attempts.first_failed.value_or(first)});
  }
  return first == Time::max() ? Time{} : first;
}

std::string bytes_of(const CommitRecord& record, std::size_t error_text) {
  std::string bytes;
  ByteWriter out{bytes};
  out.varint(record.in_flight_below ? distance(record.watermark, *record.in_flight_below) + 1 : 0);
  out.varint(record.settled.size());
  std::int64_t at = record.watermark;
  for (const OffsetRange& range : record.settled) {
    out.varint(distance(at, range.first));
    out.varint(distance(range.first, range.last));
    at = range.last + 1;
  }
  out.varint(record.board);
  if (record.board != 0) out.varint(record.slot);
  out.varint(record.attempts.size());
  if (record.attempts.empty()) return bytes;
  const Time base = first_time(record);
  out.time(base);
  at = record.watermark;
  for (const auto& [offset, attempts] : record.attempts) {
    out.varint(distance(at, offset));
    out.varint(static_cast<std::uint64_t>(attempts.failed));
    out.varint(static_cast<std::uint64_t>(attempts.crashes));
    put_time(out, attempts.due, base);
    put_time(out, attempts.first_failed, base);
    out.text(whole_characters(attempts.last_error, error_text));
    at = offset;
  }
  return bytes;
}

// False: further than an offset, or a time, goes.
bool advance(std::int64_t& offset, std::uint64_t steps) {
  constexpr auto kHighest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (steps > kHighest - static_cast<std::uint64_t>(offset)) return false;
  offset = static_cast<std::int64_t>(static_cast<std::uint64_t>(offset) + steps);
  return true;
}

bool take_time(ByteReader& in, Time base, std::optional<Time>& time) {
  const std::uint64_t later = in.varint();
  if (later == 0) return true;
  std::int64_t count = base.time_since_epoch().count();
  if (!advance(count, later - 1)) return false;
  time = Time{Duration{count}};
  return true;
}

bool take_settled(ByteReader& in, CommitRecord& record) {
  std::int64_t at = record.watermark;
  for (std::uint64_t left = in.varint(); left > 0 && in.ok(); --left) {
    if (!advance(at, in.varint())) return false;
    const std::int64_t first = at;
    if (!advance(at, in.varint())) return false;
    record.settled.push_back({first, at});
    if (!advance(at, 1)) return false;
  }
  return true;
}

bool take_attempts(ByteReader& in, CommitRecord& record) {
  std::uint64_t left = in.varint();
  if (left == 0) return true;
  const Time base = in.time().value_or(Time{});
  std::int64_t at = record.watermark;
  for (; left > 0 && in.ok(); --left) {
    if (!advance(at, in.varint())) return false;
    Attempts attempts{.failed = static_cast<int>(in.varint()), .crashes = static_cast<int>(in.varint())};
    if (!take_time(in, base, attempts.due) || !take_time(in, base, attempts.first_failed)) return false;
    attempts.last_error = in.text();
    record.attempts.emplace(at, std::move(attempts));
  }
  return true;
}

}  // namespace

std::string metadata_of(const CommitRecord& record) {
  std::string bytes;
  for (const std::size_t error_text : kErrorTexts) {
    bytes = bytes_of(record, error_text);
    if (kMark.size() + base64_size(bytes.size()) <= kCommitMetadataMax) break;
  }
  std::string text{kMark};
  text.resize(kMark.size() + base64_size(bytes.size()));
  put_base64(text.data() + kMark.size(), bytes);
  return text;
}

std::size_t bytes_needed(CommitRecord record) {
  for (auto& [offset, attempts] : record.attempts) attempts.last_error.clear();
  return metadata_of(record).size();
}

std::uint64_t skip_to(CommitRecord& record, std::int64_t begin) {
  if (begin <= record.watermark) return 0;
  auto lost = static_cast<std::uint64_t>(begin - record.watermark);
  std::vector<OffsetRange> kept;
  for (const OffsetRange& range : record.settled) {
    const auto last = std::min(range.last, begin - 1);
    if (range.first <= last) lost -= static_cast<std::uint64_t>(last - range.first + 1);
    if (range.last < begin) continue;
    kept.push_back({std::max(range.first, begin), range.last});
  }
  record.watermark = begin;
  if (!kept.empty() && kept.front().first == begin) {  // settled from there on
    record.watermark = kept.front().last + 1;
    kept.erase(kept.begin());
  }
  record.settled = std::move(kept);
  record.attempts.erase(record.attempts.begin(), record.attempts.lower_bound(record.watermark));
  return lost;
}

Result<CommitRecord> read_commit(std::int64_t offset, std::string_view metadata) {
  CommitRecord record{.watermark = offset};
  if (!metadata.starts_with(kMark)) return record;
  std::string bytes;
  if (!read_base64(metadata.substr(kMark.size()), bytes)) {
    return corrupt("the metadata of a commit is damaged: it is no base64; look at it with kafka-consumer-groups");
  }
  ByteReader in{bytes};
  bool fits = true;
  if (const std::uint64_t below = in.varint(); below > 0) {
    record.in_flight_below = offset;
    fits = advance(*record.in_flight_below, below - 1);
  }
  fits = fits && take_settled(in, record);
  record.board = in.varint();
  if (record.board != 0) record.slot = in.varint();
  fits = fits && take_attempts(in, record);
  if (!fits || !in.done()) return corrupt("the metadata of a commit is damaged; look at it with kafka-consumer-groups");
  return record;
}

}  // namespace tidings::kafka
