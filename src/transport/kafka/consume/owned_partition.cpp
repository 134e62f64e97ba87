#include "transport/kafka/consume/owned_partition.hpp"

#include <algorithm>

#include "transport/driver/delivery_token.hpp"
#include "transport/kafka/client/kafka_limits.hpp"
#include "transport/kafka/format/retry_ladder.hpp"

namespace tidings::kafka {

using transport::Attempts;
using transport::Delivery;

namespace {

bool has(const Room& room) {
  return room.records > 0 && room.bytes > 0;
}

}  // namespace

OwnedPartition::OwnedPartition(transport::PartitionId id, std::uint64_t slot, std::uint32_t window_max,
                               CommitRecord found, std::unique_ptr<PartitionSource> source,
                               std::shared_ptr<transport::InstanceBoard> board, std::uint64_t life)
    : id_{std::move(id)},
      slot_{slot},
      source_{std::move(source)},
      board_{std::move(board)},
      life_{life},
      progress_{begin(std::move(found), slot_, board_.get())},
      window_{window_max},
      next_at_commit_{progress_.next()},
      handed_below_{progress_.next()},
      committing_below_{handed_below_} {}

PartitionProgress OwnedPartition::begin(CommitRecord found, std::uint64_t slot, transport::InstanceBoard* board) {
  if (board == nullptr || !found.in_flight_below) return PartitionProgress{std::move(found)};
  auto suspects = board->left_by(found.board, found.slot);
  if (suspects) suspects->erase(suspects->begin(), suspects->lower_bound(found.watermark));
  if (suspects && !board->put_suspects(slot, *suspects)) suspects.reset();
  return PartitionProgress{std::move(found), std::move(suspects)};
}

void OwnedPartition::hand_out(Room& room, Time now, std::vector<Delivery>& to, std::vector<std::int64_t>& hops) {
  waits_until_ = kNever;
  if (paused_ || stopped_ || committed_ == 0) return;
  while (!released_.empty() && has(room)) {
    const std::int64_t offset = *released_.begin();
    Item& item = held_.at(offset);
    released_.erase(released_.begin());
    give(offset, item, room, to);
  }
  while (has(room) && hop_count_ < kHopsMax) {
    if (!fetch(room.records)) return;
    const FetchedRecord& record = ahead_->records()[ahead_index_];
    // What is in flight has to be settled first.
    if (metadata_bytes_ > kCommitMetadataMax * 3 / 4 && !progress_.was_known(record.offset)) {
      if (has_news()) make_urgent();
      return;
    }
    if (const auto next = progress_.next(); record.offset > next) {
      expired_ += progress_.unsettled_before(source_->expired_before(next, record.offset));
    }
    progress_.skip_to(record.offset);
    if (record.offset + window_.records() / 2 >= committing_below_) make_urgent();
    if (record.offset >= handed_below_) return window_.waits();
    if (is_early(record, now)) return;
    const auto arrival = progress_.arrive(record.offset);
    const std::size_t index = ahead_index_++;
    if (!arrival) {
      changed();
      continue;
    }
    Item& held = held_.add(record.offset, {});
    held.batch = ahead_;
    held.index = static_cast<std::uint32_t>(index);
    held.suspect = arrival->suspect;
    const bool tried_here = arrival->attempts != Attempts{};
    if (tried_here || record.copy) {
      held.attempts = std::make_unique<Attempts>(tried_here ? arrival->attempts : record.copy->attempts);
    }
    if (record.copy && !tried_here && record.copy->attempts.due.value_or(now) > now) {
      held.held = Held::hopping;
      ++hop_count_;
      hops.push_back(record.offset);
    } else {
      give(record.offset, held, room, to);
    }
  }
}

// Whether there is one to look at.
bool OwnedPartition::fetch(std::size_t max) {
  if (ahead_ != nullptr && ahead_index_ < ahead_->records().size()) return true;
  auto more = source_->take(max);
  if (more == nullptr) return false;
  ahead_ = std::move(more);
  ahead_index_ = 0;
  return true;
}

// Of a retry topic: those behind it have waited less.
bool OwnedPartition::is_early(const FetchedRecord& record, Time now) {
  if (!record.copy) return false;
  const Time ends = step_ends(id_.partition, record.stored, record.copy->attempts.due);
  if (ends <= now) return false;
  waits_until_ = ends;
  return true;
}

void OwnedPartition::give(std::int64_t offset, Item& item, Room& room, std::vector<Delivery>& to) {
  const FetchedRecord& record = record_of(item);
  item.held = Held::out;
  ++out_count_;
  out_bytes_ += record.bytes;
  --room.records;
  room.bytes -= static_cast<std::int64_t>(record.bytes);
  Delivery delivery{.token = transport::token_of(slot_, offset),
                    .partition = id_,
                    .record = record.record,
                    .position = {id_.partition, offset},
                    .attempts = attempts_of(item),
                    .suspect = item.suspect,
                    .memory = item.batch};
  if (record.copy) {
    delivery.position = record.copy->position;
    delivery.replay_id = record.copy->replay_id;
    delivery.replays = record.copy->replays;
  }
  to.push_back(std::move(delivery));
}

std::optional<OwnedPartition::Held> OwnedPartition::held(std::int64_t offset) const {
  const Item* item = held_.find(offset);
  if (item == nullptr) return std::nullopt;
  return item->held;
}

void OwnedPartition::hold_as(std::int64_t offset, Held as) {
  held_.at(offset).held = as;
}

const FetchedRecord& OwnedPartition::record_at(std::int64_t offset) const {
  return record_of(held_.at(offset));
}

const Attempts& OwnedPartition::attempts_of(const Item& item) {
  static const Attempts none;
  return item.attempts ? *item.attempts : none;
}

void OwnedPartition::settle(std::int64_t offset) {
  if (progress_.settle(offset).unmarked) make_urgent();  // the next suspect waits for it
  changed();
  finish_settling(offset);
}

void OwnedPartition::begin_settling(std::int64_t offset) {
  held_.at(offset).settling = std::make_unique<PartitionProgress::Open>(progress_.settle(offset));
  changed();
}

void OwnedPartition::finish_settling(std::int64_t offset) {
  Item item = held_.take(offset);
  clear_suspicion(offset, item);
  if (item.held == Held::hopping) {
    --hop_count_;
  } else {
    --out_count_;
    out_bytes_ -= record_of(item).bytes;
  }
}

void OwnedPartition::undo_settling(std::int64_t offset) {
  Item& item = held_.at(offset);
  progress_.reopen(offset, *std::exchange(item.settling, nullptr));
  changed();
}

void OwnedPartition::retry(std::int64_t offset, const Attempts& attempts) {
  Item& item = held_.at(offset);
  item.attempts = std::make_unique<Attempts>(attempts);
  clear_suspicion(offset, item);
  progress_.retry(offset, attempts);
  changed();
}

void OwnedPartition::clear_suspicion(std::int64_t offset, Item& item) {
  if (item.suspect && board_ != nullptr) board_->remove_suspect(slot_, offset);
  item.suspect = false;
}

void OwnedPartition::mark(std::int64_t offset, int crashes) {
  Attempts marked = attempts_at(offset);
  marked.crashes = crashes;
  progress_.mark(offset, marked);
  changed();
}

bool OwnedPartition::release(std::int64_t offset) {
  held_.at(offset).held = Held::released;
  released_.insert(offset);
  --out_count_;
  out_bytes_ -= record_at(offset).bytes;
  if (!progress_.release(offset)) return false;
  changed();
  return true;
}

bool OwnedPartition::has_room_to_retry(std::int64_t offset) const {
  if (progress_.says_more_of(offset)) return true;
  CommitRecord record = progress_.record(handed_below_);
  record.board = life_;
  record.slot = slot_;
  return room_needed(std::move(record)) + kRetryMetadataMax + kRangeMetadataMax <= kCommitMetadataMax;
}

// Of what it says, and of what may yet be settled between those that wait.
std::size_t OwnedPartition::room_needed(CommitRecord record) const {
  const std::size_t waiting = progress_.said_count(), ranges = record.settled.size();
  return bytes_needed(std::move(record)) + (waiting > ranges ? waiting - ranges : 0) * kRangeMetadataMax;
}

OwnedPartition::Commit OwnedPartition::next_commit(Last last) {
  urgent_ = false;
  committing_ = changes_;
  window_.next_commit(progress_.next() - std::exchange(next_at_commit_, progress_.next()));
  const std::int64_t below = std::max(handed_below_, progress_.next() + window_.records());
  committing_below_ = std::max(committing_below_, below);
  CommitRecord record = last == Last::yes ? progress_.last_record() : progress_.record(below);
  if (last == Last::no) {
    record.board = life_;
    record.slot = slot_;
  }
  Commit commit{.offset = record.watermark, .metadata = metadata_of(record), .change = changes_};
  commit.in_flight_below = last == Last::yes ? handed_below_ : below;
  metadata_bytes_ = commit.metadata.size();
  if (metadata_bytes_ > kCommitMetadataMax) cut(record, commit);
  if (metadata_bytes_ > kCommitMetadataMax / 4) metadata_bytes_ = room_needed(std::move(record));
  return commit;
}

// Too much is settled here and there between what waits. What is left out counts as not committed, and nobody is told
// that it is: there is room again when some of those that wait are settled.
void OwnedPartition::cut(const CommitRecord& record, Commit& commit) {
  CommitRecord less = record;
  while (commit.metadata.size() > kCommitMetadataMax && !less.settled.empty()) {
    less.settled.resize(less.settled.size() * 3 / 4);
    commit.metadata = metadata_of(less);
  }
  commit.is_cut = true;
  commit.change = committing_ = std::max<std::uint64_t>(committed_, 1);  // that we own it, at least
}

void OwnedPartition::committed(const Commit& commit, Answers& answers) {
  committed_ = std::max(committed_, commit.change);
  handed_below_ = std::max(handed_below_, commit.in_flight_below);
  while (!waiting_.empty() && waiting_.front().change <= committed_) {
    answers.add(std::move(waiting_.front().waiter), {});
    waiting_.pop_front();
  }
}

void OwnedPartition::answer_later(std::int64_t offset, Waiter waiter, Answers& answers) {
  if (waiter.call == nullptr) return;
  if (all_committed()) return answers.add(std::move(waiter), {});
  waiting_.push_back({changes_, offset, std::move(waiter)});
}

void OwnedPartition::expire(Time now, Answers& answers) {
  while (!waiting_.empty() && waiting_.front().waiter.call->deadline <= now) {
    answers.add(std::move(waiting_.front().waiter),
                unavailable("the broker has not confirmed the settlement in time; it may or may not be there"));
    doubtful_.insert(waiting_.front().offset);
    waiting_.pop_front();
  }
}

void OwnedPartition::lose(Answers& answers) {
  for (Waiting& waiting : waiting_) {
    answers.add(std::move(waiting.waiter), conflict("the partition is another member's by now: the settlement was "
                                                    "not committed, and the event is handled there"));
  }
  waiting_.clear();
}

}  // namespace tidings::kafka
