#include "transport/local/store/reaping.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include "transport/driver/running_board.hpp"
#include "transport/local/storage/store_directory.hpp"
#include "transport/local/tables/absence.hpp"
#include "transport/local/tables/holdings.hpp"
#include "transport/local/tables/parked_table.hpp"
#include "transport/local/tables/record_codec.hpp"
#include "transport/local/tables/subscriptions.hpp"
#include "transport/local/tables/trial_table.hpp"

namespace tidings::local {

namespace {

// What stood on the board, without the epochs.
struct Running {
  std::set<Sequence> events;
  std::set<ParkedId> parked;
};

Running running_of(const std::string& directory, MemberId member) {
  Running running;
  for (const Token token : transport::read_board(board_of(directory, member))) {
    if (is_parked(token)) {
      running.parked.insert(number_of(token));
    } else {
      running.events.insert(number_of(token));
    }
  }
  return running;
}

class Estate final {
 public:
  Estate(WriteTransaction& transaction, const SubscriptionRow& subscription, Running running)
      : transaction_{transaction}, subscription_{subscription}, running_{std::move(running)} {}

  void settle(std::uint32_t partition) {
    owned_.insert(partition);
    charge_marks(partition);
    for (const ParkedId id : running_.parked) suspect_parked({subscription_.group, partition, id});
  }

  void suspect_events() {
    for (const Sequence sequence : running_.events) suspect_event(sequence);
  }

 private:
  void charge_marks(std::uint32_t partition) {
    std::vector<std::pair<TrialKey, TrialRow>> rows;
    const TreeKey prefix = TreeKey{}.u32(subscription_.group).u32(partition);
    for_each_with_prefix(transaction_, Tree::attempts, prefix, [&](Bytes key, Bytes value) {
      TrialRow row = decode_trial_row(value);
      if (row.trial.marked) rows.emplace_back(trial_key(key), std::move(row));
      return true;
    });
    for (auto& [key, row] : rows) {
      row.trial = after_crash(std::move(row.trial), running_.events.contains(key.sequence));
      store_trial(transaction_, key, row);
    }
  }

  void suspect_event(Sequence sequence) {
    const auto stored = transaction_.event(sequence);
    const auto header = stored ? decode_header(*stored) : Result<RecordHeader>{corrupt("gone")};
    if (!header || !owned_.contains(header->partition)) return;
    const auto progress = load_progress(
        transaction_, {.group = subscription_.group, .partition = header->partition, .topic = header->topic});
    if (!progress || progress->settled(sequence)) return;  // the slot was not cleared yet
    const TrialKey key{.group = subscription_.group, .partition = header->partition, .sequence = sequence};
    TrialRow row = load_trial(transaction_, key).value_or(TrialRow{.topic = header->topic});
    row.trial = after_crash(std::move(row.trial), true);
    store_trial(transaction_, key, row);
  }

  void suspect_parked(const ParkedKey& key) {
    auto row = load_parked(transaction_, key);
    if (!row) return;
    row->trial = after_crash(std::move(row->trial), true);
    store_parked(transaction_, key, *row);
  }

  WriteTransaction& transaction_;
  const SubscriptionRow& subscription_;
  const Running running_;
  std::set<std::uint32_t> owned_;
};

}  // namespace

void reap(Commit& commit, const std::string& directory, const MemberRow& member) {
  WriteTransaction& transaction = commit.transaction();
  if (!is_member(transaction, member)) return;
  const auto subscription = find_subscription(transaction, member.subscription);
  erase_member(transaction, member);
  commit.announce(kMembersChanged);
  if (!subscription) return;
  begin_absence(transaction, subscription->group, commit.now());
  Estate estate{transaction, *subscription, running_of(directory, member.id)};
  const auto owners = owners_of(transaction, member.subscription, kPartitionsMax);
  for (std::uint32_t partition = 0; partition < owners.size(); ++partition) {
    if (owners[partition].member != member.id) continue;
    put_owner(transaction, member.subscription, partition, {.member = 0, .epoch = owners[partition].epoch});
    estate.settle(partition);
  }
  estate.suspect_events();
  if (subscription->broadcast) erase_subscription(transaction, *subscription);
}

}  // namespace tidings::local
