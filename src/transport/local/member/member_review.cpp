// The warden's part of a member: which topics it reads and which partitions it owns.
#include <algorithm>

#include "base/flaw.hpp"
#include "transport/driver/running_board.hpp"
#include "transport/local/member/local_member.hpp"
#include "transport/local/storage/limits.hpp"
#include "transport/local/storage/store_directory.hpp"
#include "transport/local/tables/absence.hpp"

namespace tidings::local {

using transport::Notice;

std::vector<std::uint32_t> Member::topics_now(const Catalog& catalog) const {
  ReadTransaction transaction{store_.environment()};
  std::vector<std::uint32_t> topics = topics_read(subscription_, catalog);
  // Two subscriptions of a group never read one topic: where a new topic would make them, the elder has it.
  for (const SubscriptionRow& other : all_subscriptions(transaction)) {
    if (other.group != subscription_.group || other.id >= subscription_.id) continue;
    if (members_of(transaction, other.id).empty()) continue;
    for (const std::uint32_t taken : topics_read(other, catalog)) std::erase(topics, taken);
  }
  return topics;
}

bool Member::has_left() const {
  const std::lock_guard lock{mutex_};
  return left_;
}

Time Member::review() {
  if (has_left()) return kNever;
  refresh_topics();
  look_at_owners();
  const bool given_up = finish_revoking();
  const bool claimed = claim();
  return given_up && claimed ? kNever : store_.now() + kRetryReviewAfter;
}

// As many as the widest topic has: what the members share.
std::uint32_t Member::shared_partitions() const {
  const std::lock_guard lock{mutex_};
  std::uint32_t partitions = 0;
  for (const std::uint32_t topic : holdings_.topics()) {
    partitions = std::max(partitions, catalog_->find(topic)->partitions);
  }
  return partitions;
}

void Member::refresh_topics() {
  const auto catalog = store_.catalog();
  std::vector<std::uint32_t> fresh;
  {
    const std::lock_guard lock{mutex_};
    if (catalog == catalog_) return;
  }
  fresh = topics_now(*catalog);
  std::vector<std::uint32_t> owned;
  {
    const std::lock_guard lock{mutex_};
    std::erase_if(fresh, [&](std::uint32_t topic) {
      const auto& known = holdings_.topics();
      return std::find(known.begin(), known.end(), topic) != known.end();
    });
    for (std::uint32_t i = 0; i < holdings_.partition_count(); ++i) {
      if (holdings_.owns(i)) owned.push_back(i);
    }
  }
  if (fresh.empty()) {
    const std::lock_guard lock{mutex_};
    catalog_ = catalog;
    return;
  }
  // Read from its beginning, or from where the group is on it.
  std::vector<std::vector<StoredProgress>> progress;  // by new topic, by owned partition
  const auto stored = store_.committer().perform([&](Commit& commit) -> Result<void> {
    for (const std::uint32_t topic : fresh) {
      auto& row = progress.emplace_back();
      for (const std::uint32_t i : owned) row.push_back(load_or_begin(commit.transaction(), i, topic));
    }
    return {};
  });
  if (!stored) return;  // seen again at the next review
  const std::lock_guard lock{mutex_};
  catalog_ = catalog;
  for (std::size_t t = 0; t < fresh.size(); ++t) {
    holdings_.add_topic(fresh[t]);
    for (std::size_t i = 0; i < owned.size(); ++i) holdings_.assign_topic(owned[i], fresh[t], progress[t][i]);
    notify_topic(fresh[t], owned);
  }
  look_events_ = true;
  changed_->notify_all();
}

// What the store says about our partitions: some may have been taken from us, others are to be handed over.
void Member::look_at_owners() {
  const std::uint32_t partitions = shared_partitions();
  ReadTransaction transaction{store_.environment()};
  const auto owners = owners_of(transaction, subscription_.id, partitions);
  const auto targets = assignment_of(transaction, subscription_.id, partitions);
  if (!transaction.status()) return;
  std::vector<std::uint32_t> lost;
  std::vector<std::uint32_t> excess;
  const std::lock_guard lock{mutex_};
  for (std::uint32_t i = 0; i < owners.size(); ++i) {
    if (!holdings_.owns(i)) continue;
    if (owners[i] != Owner{.member = row_.id, .epoch = holdings_.epoch(i)}) {
      lost.push_back(i);
    } else if (targets[i] != row_.id && !holdings_.revoking(i)) {
      excess.push_back(i);
    }
  }
  lose(lost);
  begin_revoking(excess);
}

void Member::lose(const std::vector<std::uint32_t>& partitions) {
  for (const std::uint32_t partition : partitions) {
    drop(partition);
    revocations_.erase(partition);
  }
  notify(Notice::Kind::lost, partitions);
}

void Member::begin_revoking(const std::vector<std::uint32_t>& partitions) {
  for (const std::uint32_t partition : partitions) {
    holdings_.revoke(partition);
    revocations_.insert(partition);
  }
  notify(Notice::Kind::revoking, partitions);
}

// Gives up that of which nothing is in flight any more, however long that takes: P4. False: it did not work; to be
// tried again.
bool Member::finish_revoking() {
  std::vector<std::uint32_t> ready;
  {
    const std::lock_guard lock{mutex_};
    for (const std::uint32_t partition : revocations_) {
      if (holdings_.in_flight(partition) == 0 || flawed(Flaw::local_gives_in_flight)) ready.push_back(partition);
    }
  }
  if (ready.empty()) return true;
  const auto given = store_.committer().perform([&](Commit& commit) -> Result<void> {
    for (const std::uint32_t partition : ready) give_up(commit, partition);
    commit.announce(kMembersChanged);
    return {};
  });
  if (!given) return false;
  const std::lock_guard lock{mutex_};
  for (const std::uint32_t partition : ready) {
    revocations_.erase(partition);
    drop(partition);
  }
  return true;
}

// Stores how far it is and leaves the partition to nobody, if it is ours still. What is in flight is charged nothing.
void Member::give_up(Commit& commit, std::uint32_t partition) {
  WriteTransaction& transaction = commit.transaction();
  std::vector<ProgressRow> rows;
  std::vector<InFlight> flights;
  Owner ours{.member = row_.id, .epoch = 0};
  {
    const std::lock_guard lock{mutex_};
    if (!holdings_.owns(partition)) return;
    ours.epoch = holdings_.epoch(partition);
    holdings_.raise(partition);
    for (const std::uint32_t topic : holdings_.topics()) rows.push_back(progress_row({partition, topic}));
    holdings_.for_each_in_flight(partition, [&](Token, const InFlight& flight) { flights.push_back(flight); });
  }
  if (owner_of(transaction, subscription_.id, partition) != ours) return;
  put_owner(transaction, subscription_.id, partition, {.member = 0, .epoch = ours.epoch});
  for (const ProgressRow& row : rows) transaction.put(Tree::progress, key_of(row.key), row.value);
  for (const InFlight& flight : flights) {
    if (flight.parked) {
      release_parked(transaction, {.group = subscription_.group, .partition = partition, .id = flight.number});
    } else if (flight.has_row) {
      release_trial(transaction, {.group = subscription_.group, .partition = partition, .sequence = flight.number});
    }
  }
}

// Takes what should be ours and is nobody's. False: it did not work; to be tried again.
bool Member::claim() {
  std::vector<std::uint32_t> topics;
  {
    const std::lock_guard lock{mutex_};
    topics = holdings_.topics();
  }
  if (!may_claim()) return true;
  const std::uint32_t partitions = shared_partitions();
  std::vector<Claimed> claimed;
  const auto done = store_.committer().perform([&](Commit& commit) -> Result<void> {
    WriteTransaction& transaction = commit.transaction();
    if (has_left()) return {};
    if (!is_member(transaction, row_)) {  // cut off, and back
      put_member(transaction, row_);
      end_absence(transaction, subscription_.group);
    }
    const auto owners = owners_of(transaction, subscription_.id, partitions);
    const auto targets = assignment_of(transaction, subscription_.id, partitions);
    for (std::uint32_t i = 0; i < owners.size(); ++i) {
      if (targets[i] != row_.id || owners[i].member != 0) continue;
      claimed.push_back(claim_one(commit, i, owners[i].epoch + 1, topics));
    }
    commit.announce(kMembersChanged);
    return {};
  });
  if (!done) return false;
  take_over(std::move(claimed));
  return true;
}

// Whether there is something to claim: asked without the writer lock.
bool Member::may_claim() {
  const std::uint32_t partitions = shared_partitions();
  ReadTransaction transaction{store_.environment()};
  if (!is_member(transaction, row_)) return true;
  const auto owners = owners_of(transaction, subscription_.id, partitions);
  const auto targets = assignment_of(transaction, subscription_.id, partitions);
  for (std::size_t i = 0; i < owners.size(); ++i) {
    if (targets[i] == row_.id && owners[i].member == 0) return true;
  }
  return false;
}

Member::Claimed Member::claim_one(Commit& commit, std::uint32_t partition, std::uint64_t epoch,
                                  const std::vector<std::uint32_t>& topics) {
  WriteTransaction& transaction = commit.transaction();
  put_owner(transaction, subscription_.id, partition, {.member = row_.id, .epoch = epoch});
  Claimed claimed{.partition = partition, .epoch = epoch};
  for (const std::uint32_t topic : topics) claimed.progress.push_back(load_or_begin(transaction, partition, topic));
  const TreeKey prefix = TreeKey{}.u32(subscription_.group).u32(partition);
  for_each_with_prefix(transaction, Tree::attempts, prefix, [&](Bytes key, Bytes value) {
    TrialRow row = decode_trial_row(value);
    if (std::find(topics.begin(), topics.end(), row.topic) != topics.end()) {
      claimed.trials.emplace(trial_key(key).sequence, std::move(row.trial));
    }
    return true;
  });
  return claimed;
}

// Where the group stands; where it never stood, where the subscription starts.
StoredProgress Member::load_or_begin(WriteTransaction& transaction, std::uint32_t partition, std::uint32_t topic) {
  const ProgressKey key{.group = subscription_.group, .partition = partition, .topic = topic};
  if (auto progress = load_progress(transaction, key)) return *std::move(progress);
  const StoredProgress progress{.settled_to = subscription_.start - 1};
  std::string value;
  encode_progress(progress.settled_to, progress.pending, value);
  transaction.put(Tree::progress, key_of(key), value);
  return progress;
}

void Member::take_over(std::vector<Claimed> claimed) {
  const std::lock_guard lock{mutex_};
  // What was nobody's, and is held here still, was taken from us since we looked.
  std::vector<std::uint32_t> lost;
  for (const Claimed& each : claimed) {
    if (holdings_.owns(each.partition)) lost.push_back(each.partition);
  }
  lose(lost);
  std::vector<std::uint32_t> partitions;
  for (Claimed& each : claimed) {
    holdings_.assign(each.partition, each.epoch, each.progress);
    for (auto& [sequence, trial] : each.trials) trials_[{each.partition, sequence}] = std::move(trial);
    partitions.push_back(each.partition);
  }
  notify(Notice::Kind::assigned, partitions);
  look_events_ = true;
  expect_parked(Time{});
}

// What the warden claimed and had not handed to us yet: nothing of it was handed out.
void Member::give_up_unseen(WriteTransaction& transaction) {
  const auto owners = owners_of(transaction, subscription_.id, store_.partitions());
  for (std::uint32_t i = 0; i < owners.size(); ++i) {
    if (owners[i].member != row_.id) continue;
    put_owner(transaction, subscription_.id, i, {.member = 0, .epoch = owners[i].epoch});
  }
}

Result<void> Member::leave(Duration within) {
  {
    const std::lock_guard lock{mutex_};
    left_ = true;
  }
  const auto self = shared_from_this();
  auto left = store_.committer().perform(
      [this, self](Commit& commit) -> Result<void> {
        for (std::uint32_t i = 0; i < store_.partitions(); ++i) give_up(commit, i);
        give_up_unseen(commit.transaction());
        erase_member(commit.transaction(), row_);
        begin_absence(commit.transaction(), subscription_.group, commit.now());
        if (subscription_.broadcast) erase_subscription(commit.transaction(), subscription_);
        commit.announce(kMembersChanged);
        return {};
      },
      within);
  if (left) transport::remove_board(board_of(store_.directory(), row_.id));
  return left;
}

}  // namespace tidings::local
