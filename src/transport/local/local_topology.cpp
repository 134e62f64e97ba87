#include <algorithm>
#include <map>

#include "transport/local/dead_table.hpp"
#include "transport/local/expiry.hpp"
#include "transport/local/group_removal.hpp"
#include "transport/local/limits.hpp"
#include "transport/local/local_operator.hpp"
#include "transport/local/member_table.hpp"
#include "transport/local/parked_table.hpp"
#include "transport/local/subscriptions.hpp"
#include "transport/local/topic_stats.hpp"
#include "transport/local/trial_table.hpp"
#include "transport/local/unsettled.hpp"

namespace tidings::local {

using transport::GroupState;
using transport::LagState;
using transport::MemberState;
using transport::TopicState;
using transport::Topology;

namespace {

// Records looked at before the transaction is renewed: a longer one would keep freed pages from being reused.
constexpr std::size_t kRenewEvery = 100'000;

// Walks the events from `from` on, in transactions of bounded length, until `visit(sequence, header)` returns false.
template <class Visit>
Result<void> walk(Store& store, Sequence from, const Visit& visit) {
  ReadTransaction transaction{store.environment()};
  for (bool more = true; more && transaction.status();) {
    {
      TreeCursor cursor{transaction, Tree::events};
      more = cursor.seek_event(from);
      for (std::size_t i = 0; more && i < kRenewEvery; ++i) {
        from = cursor.sequence() + 1;
        const auto header = decode_header(cursor.value());
        if (header && !visit(from - 1, *header)) return {};
        more = cursor.next();
      }
    }
    if (more) transaction.renew();
  }
  return transaction.status();
}

class Lag final {
 public:
  explicit Lag(Store& store) : store_{store}, catalog_{store.fresh_catalog()} {}

  Result<std::vector<LagState>> look() {
    ReadTransaction transaction{store_.environment()};
    const Readings readings{transaction, *catalog_};
    for (const Reading& reading : readings.all()) {
      const std::string& topic = catalog_->find(reading.topic)->name;
      LagState& state = states_[{reading.group_name, topic}];
      state.group = reading.group_name;
      state.topic = topic;
      state.expired += expired_of(transaction, reading.group, reading.topic);
      names_[reading.group] = reading.group_name;
    }
    count_parked(transaction);
    count_waiting(transaction);
    count_dead(transaction);
    if (!transaction.status()) return transaction.status().error();
    if (auto counted = count_unsettled(readings); !counted) return counted.error();
    std::vector<LagState> all;
    for (auto& [key, state] : states_) all.push_back(std::move(state));
    return all;
  }

 private:
  LagState* find(std::uint32_t group, std::uint32_t topic) {
    const auto name = names_.find(group);
    const TopicRow* row = catalog_->find(topic);
    return name == names_.end() || row == nullptr ? nullptr : find(name->second, row->name);
  }
  LagState* find(const std::string& group, const std::string& topic) {
    const auto state = states_.find({group, topic});
    return state == states_.end() ? nullptr : &state->second;
  }

  // The events from the first that any group has not settled.
  Result<void> count_unsettled(const Readings& readings) {
    std::vector<std::vector<LagState*>> states(catalog_->topics().size() + 1);
    for (const TopicRow& topic : catalog_->topics()) {
      for (const Reading* reading : readings.of(topic.id)) states[topic.id].push_back(find(reading->group, topic.id));
    }
    return walk(store_, readings.first_open(), [&](Sequence sequence, const RecordHeader& header) {
      const auto& of_topic = readings.of(header.topic);
      for (std::size_t i = 0; i < of_topic.size(); ++i) {
        if (of_topic[i]->settled(header.partition, sequence)) continue;
        add(*states[header.topic][i], header.published);
      }
      return true;
    });
  }

  static void add(LagState& state, Time published) {
    ++state.unsettled;
    state.oldest = std::min(state.oldest.value_or(published), published);
  }

  void count_parked(Transaction& transaction) {
    const Time now = store_.now();
    for_each_with_prefix(transaction, Tree::parked, "", [&](Bytes key, Bytes) {
      KeyReader in{key};
      ParkedKey parked;
      parked.group = in.u32();
      parked.partition = in.u32();
      parked.id = in.u64();
      const auto row = load_parked(transaction, parked);
      LagState* state = row ? find(parked.group, row->topic) : nullptr;
      if (state == nullptr) return true;
      const auto header = decode_header(row->stored);
      add(*state, header ? header->published : row->due);
      if (row->due > now || row->trial.attempts.due.value_or(now) > now) ++state->waiting;
      return true;
    });
  }

  void count_waiting(Transaction& transaction) {
    const Time now = store_.now();
    for_each_with_prefix(transaction, Tree::attempts, "", [&](Bytes key, Bytes value) {
      const TrialRow row = decode_trial_row(value);
      LagState* state = find(trial_key(key).group, row.topic);
      if (state != nullptr && row.trial.attempts.due.value_or(now) > now) ++state->waiting;
      return true;
    });
  }

  void count_dead(Transaction& transaction) {
    for_each_dead(transaction, 0, [&](std::uint64_t, const DeadRow& row) {
      const TopicRow* topic = catalog_->find(row.topic);
      LagState* state = topic == nullptr ? nullptr : find(row.group, topic->name);
      if (state != nullptr) ++state->dead;
      return true;
    });
  }

  Store& store_;
  const std::shared_ptr<const Catalog> catalog_;
  std::map<std::pair<std::string, std::string>, LagState> states_;
  std::map<std::uint32_t, std::string> names_;
};

class LocalTopology final : public Topology {
 public:
  explicit LocalTopology(std::shared_ptr<Store> store) : store_{std::move(store)} {}

  Result<std::vector<TopicState>> topics() override {
    const auto catalog = store_->fresh_catalog();
    std::vector<TopicState> states;
    ReadTransaction transaction{store_->environment()};
    std::size_t without_oldest = 0;
    for (const TopicRow& topic : catalog->topics()) {
      const TopicStats stats = stats_of(transaction, topic.id);
      if (stats.records > 0) ++without_oldest;
      states.push_back({.name = topic.name,
                        .command = topic.command,
                        .partitions = static_cast<std::int32_t>(topic.partitions),
                        .records = stats.records,
                        .bytes = stats.bytes,
                        .oldest = {},
                        .retention = in_effect(topic)});
    }
    if (!transaction.status()) return transaction.status().error();
    const auto walked = walk(*store_, 0, [&](Sequence, const RecordHeader& header) {
      if (catalog->find(header.topic) == nullptr) return true;
      TopicState& state = states[header.topic - 1];
      if (!state.oldest) {
        state.oldest = header.published;
        --without_oldest;
      }
      return without_oldest > 0;
    });
    if (!walked) return walked.error();
    return states;
  }

  Result<std::vector<GroupState>> groups() override {
    const auto catalog = store_->fresh_catalog();
    ReadTransaction transaction{store_->environment()};
    std::map<std::pair<std::string, std::string>, GroupState> states;  // a broadcast's instances are one
    for (const SubscriptionRow& row : all_subscriptions(transaction)) {
      GroupState& state = states[{shown_group(row), row.name()}];
      state.name = shown_group(row);
      state.topic = row.topic;
      state.pattern = row.pattern;
      state.topics.clear();
      for (const std::uint32_t topic : topics_read(row, *catalog)) state.topics.push_back(catalog->find(topic)->name);
      add_members(transaction, row, state);
    }
    if (!transaction.status()) return transaction.status().error();
    std::vector<GroupState> listed;
    for (auto& [key, state] : states) listed.push_back(std::move(state));
    return listed;
  }

  Result<std::vector<LagState>> lag() override { return Lag{*store_}.look(); }

  Result<std::optional<transport::StoreState>> store() override {
    ReadTransaction transaction{store_->environment()};
    if (!transaction.status()) return transaction.status().error();
    return std::optional{transport::StoreState{.bytes_used = bytes_used(transaction), .bytes_max = store_->size_max()}};
  }

  Result<void> set_retention(std::string_view topic, const transport::Retention& change) override {
    return store_->committer().perform([&](Commit& commit) -> Result<void> {
      if (auto changed = change_retention(commit.transaction(), topic, change); !changed) return changed;
      commit.announce(kTopicsChanged | kRoomWanted);  // the cleaner need not wait for its turn
      return {};
    });
  }

  Result<void> remove_group(std::string_view group) override { return local::remove_group(*store_, group); }

 private:
  transport::Retention in_effect(const TopicRow& topic) const {
    transport::Retention retention = topic.retention;
    if (!retention.age) retention.age = store_->retention();
    if (!retention.unsettled) retention.unsettled = transport::Unsettled::keep;
    return retention;
  }

  static void add_members(Transaction& transaction, const SubscriptionRow& row, GroupState& state) {
    const auto owners = owners_of(transaction, row.id, kPartitionsMax);
    for (const MemberRow& member : members_of(transaction, row.id)) {
      const auto owned =
          std::count_if(owners.begin(), owners.end(), [&](const Owner& owner) { return owner.member == member.id; });
      state.members.push_back({.instance = member.instance,
                               .host = member.host,
                               .pid = member.process.pid,
                               .partitions = static_cast<std::int32_t>(owned),
                               .stopped = is_stopped(member.process.pid)});
    }
  }

  const std::shared_ptr<Store> store_;
};

}  // namespace

std::unique_ptr<Topology> make_topology(std::shared_ptr<Store> store) {
  return std::make_unique<LocalTopology>(std::move(store));
}

}  // namespace tidings::local
