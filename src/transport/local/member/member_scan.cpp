#include "transport/local/member/member_scan.hpp"

#include <fmt/format.h>

#include <cstring>
#include <memory>

#include "transport/local/storage/limits.hpp"

namespace tidings::local {

using transport::Delivery;
using transport::HeaderView;

namespace {

// What some deliveries of one batch look into.
struct Arena {
  Arena(std::shared_ptr<const Catalog> topics, std::size_t header_count, std::size_t byte_count)
      : catalog{std::move(topics)},
        headers{std::make_unique_for_overwrite<HeaderView[]>(header_count)},
        bytes{std::make_unique_for_overwrite<char[]>(byte_count)} {}

  std::shared_ptr<const Catalog> catalog;  // for the names of topics
  std::unique_ptr<HeaderView[]> headers;
  std::unique_ptr<char[]> bytes;
};

}  // namespace

Scan::Scan(Member& member, std::unique_lock<std::mutex>& lock) : member_{member}, lock_{lock} {}

Scan::~Scan() {
  if (reading_) member_.reader_->rest();
}

// The snapshot is taken under the lock: what it shows as parked and is not in flight then is not settled either.
bool Scan::begin() {
  if (!member_.reader_) {
    lock_.unlock();  // its slot may be waited for
    member_.reader_.emplace(member_.store_.environment());
    lock_.lock();
  }
  member_.reader_->renew();
  reading_ = true;
  return bool{member_.reader_->status()};
}

Result<void> Scan::run(std::size_t room, std::vector<Delivery>& deliveries) {
  const bool due = member_.parked_due_ <= member_.store_.now();
  if (room == 0 || (!member_.look_events_ && !due)) return {};
  bytes_max_ = std::min(kBatchBytesMax, member_.room_bytes());
  const bool begun = begin();
  if (begun && due) parked(room);
  if (begun && member_.look_events_) events(room);
  if (!member_.reader_->status()) {
    const Error fault = member_.reader_->status().error();
    put_back();
    member_.reader_.reset();
    reading_ = false;
    return fault;
  }
  if (picks_.empty()) return {};
  catalog_ = member_.catalog_;
  lock_.unlock();
  deliver(deliveries);
  lock_.lock();
  return {};
}

void Scan::put_back() {
  for (Pick& pick : picks_) {
    if (!is_parked(pick.token) && !is_blank(pick.trial))
      member_.trials_[{pick.header.partition, pick.origin}] = std::move(pick.trial);
    member_.holdings_.give_back(pick.token);
  }
  member_.look_events_ = true;
  member_.parked_due_ = Time{};
}

void Scan::parked(std::size_t room) {
  const Time now = member_.store_.now();
  Time next_due = kNever;
  member_.parked_due_ = kNever;  // before the look: who parks one meanwhile brings it forward again
  for (std::uint32_t i = 0; i < member_.holdings_.partition_count() && picks_.size() < room; ++i) {
    if (member_.holdings_.owns(i) && !member_.holdings_.revoking(i)) parked_of(i, now, room, next_due);
  }
  if (is_full(room)) next_due = Time{};  // there may be more
  member_.parked_due_ = std::min(member_.parked_due_, next_due);
}

void Scan::parked_of(std::uint32_t partition, Time now, std::size_t room, Time& next_due) {
  ReadTransaction& reader = *member_.reader_;
  const auto visit = [&](const ParkedKey& key, Time due, std::uint32_t topic) {
    if (due > now) next_due = std::min(next_due, due);
    if (due > now || is_full(room)) return false;
    const auto token = member_.holdings_.take_parked(key, topic);
    if (!token) return true;
    auto row = load_parked(reader, key);
    if (!row || row->stored.size() < kRecordHeaderBytes) {
      member_.holdings_.forget(*token);
      return true;
    }
    const RecordHeader header =
        decode_header(row->stored)
            .value_or(RecordHeader{.topic = topic, .partition = static_cast<std::uint16_t>(partition)});
    weigh(*token, row->stored.size());
    picks_.push_back({.token = *token,
                      .header = header,
                      .origin = row->origin,
                      .stored = row->stored,
                      .trial = std::move(row->trial),
                      .replay_id = std::move(row->replay_id),
                      .replays = row->replays});
    return true;
  };
  for_each_parked(reader, member_.subscription_.group, partition, visit);
}

void Scan::events(std::size_t room) {
  member_.look_events_ = false;  // before the look, as above
  next_ = member_.holdings_.scan_from();
  const auto filter = member_.holdings_.filter();
  lock_.unlock();
  TreeCursor cursor{*member_.reader_, Tree::events};
  bool more = cursor.seek_event(next_);
  while (more) {
    const Sequence from = next_;
    more = slice(cursor, *filter);
    lock_.lock();
    // Moved back meanwhile, or partitions came: what this slice passed over may be ours now.
    if (member_.holdings_.scan_from() != from || member_.holdings_.filter() != filter) break;
    for (const Candidate& candidate : candidates_) {
      if (is_full(room)) {
        next_ = candidate.sequence;
        break;
      }
      take(candidate);
    }
    member_.holdings_.pass(next_);
    if (is_full(room) || looked_at_ >= kScanRecordsMax) break;
    lock_.unlock();
  }
  if (!lock_.owns_lock()) {
    lock_.lock();
  } else {
    member_.look_events_ = true;  // not at the end
  }
}

// Looks at the next events, without the lock. Returns whether there are more behind them.
bool Scan::slice(TreeCursor& cursor, const ScanFilter& filter) {
  candidates_.clear();
  bool more = true;
  for (std::size_t i = 0; more && i < kScanSlice; ++i, ++looked_at_, more = cursor.next()) {
    next_ = cursor.sequence() + 1;
    const auto header = decode_header(cursor.value());
    if (header && filter.passes(*header)) {
      candidates_.push_back({.sequence = next_ - 1, .header = *header, .stored = cursor.value()});
    } else if (!header) {
      const std::lock_guard lock{member_.mutex_};
      member_.fault_ = corrupt(fmt::format("event {} of the store '{}' was passed over: {}; restore a backup",
                                           next_ - 1, member_.store_.directory(), header.error().message));
    }
  }
  return more;
}

void Scan::take(const Candidate& candidate) {
  const auto token = member_.holdings_.take(candidate.header, candidate.sequence, key_hash_of(candidate.stored));
  if (!token) return;
  InFlight& flight = *member_.holdings_.find(*token);
  Pick pick{.token = *token, .header = candidate.header, .origin = candidate.sequence, .stored = candidate.stored};
  if (const auto trial = member_.trials_.find({candidate.header.partition, candidate.sequence});
      trial != member_.trials_.end()) {
    pick.trial = std::move(trial->second);
    member_.trials_.erase(trial);
    flight.has_row = true;
  }
  weigh(*token, candidate.stored.size());
  picks_.push_back(std::move(pick));
}

void Scan::weigh(Token token, std::size_t bytes) {
  member_.holdings_.weigh(token, bytes);
  bytes_ += bytes;
}

void Scan::deliver(std::vector<Delivery>& deliveries) {
  deliveries.reserve(deliveries.size() + picks_.size());
  for (auto first = picks_.begin(); first != picks_.end();) {
    auto last = first;
    for (std::size_t bytes = 0; last != picks_.end() && (bytes += last->stored.size()) <= kArenaBytes;) ++last;
    if (last == first) ++last;  // a large one has an arena of its own
    deliver({first, last}, deliveries);
    first = last;
  }
}

void Scan::deliver(std::span<Pick> picks, std::vector<Delivery>& deliveries) {
  std::size_t headers = 0;
  std::size_t size = 0;
  for (const Pick& pick : picks) {
    headers += pick.header.headers;
    size += pick.stored.size();
  }
  const auto arena = std::make_shared<const Arena>(catalog_, headers, size);
  HeaderView* views = arena->headers.get();
  char* bytes = arena->bytes.get();
  for (Pick& pick : picks) {
    std::memcpy(bytes, pick.stored.data(), pick.stored.size());
    deliveries.push_back(delivery_of(pick, {bytes, pick.stored.size()}, {views, pick.header.headers}));
    deliveries.back().memory = arena;
    bytes += pick.stored.size();
    views += pick.header.headers;
  }
}

Delivery Scan::delivery_of(Pick& pick, Bytes stored, std::span<HeaderView> headers) const {
  const std::string& topic = catalog_->find(pick.header.topic)->name;
  return {.token = pick.token,
          .partition = {.topic = topic, .partition = static_cast<std::int32_t>(pick.header.partition)},
          .record = decode_or_damaged(stored, topic, headers),
          .position = {.partition = static_cast<std::int32_t>(pick.header.partition),
                       .offset = static_cast<std::int64_t>(pick.origin)},
          .attempts = std::move(pick.trial.attempts),
          .suspect = pick.trial.suspect,
          .replay_id = std::move(pick.replay_id),
          .replays = pick.replays,
          .memory = nullptr};
}

}  // namespace tidings::local
