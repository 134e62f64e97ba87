#include <algorithm>
#include <map>

#include "transport/local/operate/group_removal.hpp"
#include "transport/local/operate/lag_count.hpp"
#include "transport/local/operate/local_operator.hpp"
#include "transport/local/storage/limits.hpp"
#include "transport/local/tables/member_table.hpp"
#include "transport/local/tables/subscriptions.hpp"

namespace tidings::local {

using transport::GroupState;
using transport::LagState;
using transport::MemberState;
using transport::TopicState;
using transport::Topology;

namespace {

class LocalTopology final : public Topology {
 public:
  explicit LocalTopology(std::shared_ptr<Store> store) : store_{std::move(store)} {}

  Result<std::vector<TopicState>> topics() override {
    const auto catalog = store_->fresh_catalog();
    auto states = count_topics(store_->environment(), *catalog);
    if (!states) return states.error();
    for (TopicState& state : *states) state.retention = in_effect(*catalog->find(state.name));
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

  Result<std::vector<LagState>> lag() override {
    return count_lag(store_->environment(), *store_->fresh_catalog(), store_->now());
  }

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
