#include "transport/local/member/joining.hpp"

#include <fmt/format.h>

#include "transport/driver/named_queue.hpp"
#include "transport/local/member/leaving.hpp"
#include "transport/local/member/local_member.hpp"
#include "transport/local/storage/limits.hpp"
#include "transport/local/storage/store_directory.hpp"
#include "transport/local/tables/absence.hpp"
#include "transport/local/tables/time_search.hpp"

namespace tidings::local {

using transport::Batch;
using transport::Consumer;
using transport::PartitionId;
using transport::Settlement;
using transport::Sharing;
using transport::StartAt;
using transport::SubscriptionSpec;

namespace {

class LocalConsumer final : public Consumer {
 public:
  LocalConsumer(std::shared_ptr<Store> store, std::shared_ptr<Member> member)
      : store_{std::move(store)}, member_{std::move(member)} {}
  ~LocalConsumer() override { leave(store_, member_); }

  Result<Batch> receive(std::size_t max, Time deadline) override { return member_->receive(max, deadline); }
  void settle(std::vector<Settlement> settlements, Settled settled) override {
    member_->settle(std::move(settlements), std::move(settled));
  }
  void set_flow(std::span<const PartitionId> partitions, Flow flow) override { member_->set_flow(partitions, flow); }
  void wake() override { member_->wake(); }
  std::span<std::atomic<std::uint64_t>> running() override { return member_->running(); }

 private:
  const std::shared_ptr<Store> store_;
  const std::shared_ptr<Member> member_;
};

Result<void> check(const SubscriptionSpec& spec) {
  if (auto named = check_name("group", spec.group); !named) return named;
  if (auto checked = transport::check_no_queue(spec); !checked) return checked;
  if (spec.topic.empty() == spec.pattern.empty()) {
    return invalid(fmt::format("a subscription of group '{}' names a topic or a pattern, one of them", spec.group));
  }
  if (auto named = check_name("topic or pattern", spec.topic + spec.pattern); !named) return named;
  if (spec.command && spec.topic.empty()) {
    return invalid(
        fmt::format("a subscription of group '{}' to commands names their topic, not a pattern", spec.group));
  }
  const bool has_room = spec.in_flight_max > 0 && spec.in_flight_bytes_max > 0;
  if (!has_room || spec.running_max == 0 || spec.running_max > transport::kBoardSlotsMax) {
    return invalid(fmt::format("in_flight_max and in_flight_bytes_max are 1 or more and running_max 1 to {}",
                               transport::kBoardSlotsMax));
  }
  return {};
}

Sequence start_of(Commit& commit, const transport::Start& start) {
  if (start.at == StartAt::beginning) return 1;
  if (start.at == StartAt::end) return commit.last_sequence() + 1;
  return first_at(commit.transaction(), start.time).value_or(commit.last_sequence() + 1);
}

Result<MemberId> new_member(Store& store) {
  MemberId id = 0;
  const auto numbered = store.committer().perform([&](Commit& commit) -> Result<void> {
    id = next_number(commit.transaction(), "members");
    return {};
  });
  if (!numbered) return numbered.error();
  return id;
}

Result<void> add_member(Commit& commit, MemberParts& parts, const SubscriptionSpec& spec) {
  WriteTransaction& transaction = commit.transaction();
  // A broadcast's group is of this one member.
  const std::string group = spec.sharing == Sharing::broadcast ? broadcast_group(spec.group, parts.row.id) : spec.group;
  const auto subscription =
      join_subscription(transaction, spec, group, start_of(commit, spec.start), Catalog{transaction});
  if (!subscription) return subscription.error();
  parts.subscription = *subscription;
  parts.row.subscription = subscription->id;
  if (members_of(transaction, subscription->id).size() >= kMembersMax) {
    return overloaded(fmt::format("group '{}' has {} members already", group, kMembersMax));
  }
  put_member(transaction, parts.row);
  end_absence(transaction, subscription->group);
  commit.announce(kMembersChanged);
  return {};
}

}  // namespace

Result<std::unique_ptr<Consumer>> join(const std::shared_ptr<Store>& store, const SubscriptionSpec& spec) {
  if (auto checked = check(spec); !checked) return checked.error();
  const auto id = new_member(*store);
  if (!id) return id.error();
  // The board is there before anybody can see the member: what dies in between left nothing unsaid.
  auto board = transport::RunningBoard::create(board_of(store->directory(), *id), spec.running_max);
  if (!board) return board.error();
  const std::string host = host_name();
  MemberParts parts{
      .row = {.id = *id,
              .instance =
                  spec.instance.empty() ? fmt::format("{}-{}-{}", host, store->process().pid, *id) : spec.instance,
              .host = host,
              .process = store->process()},
      .board = *std::move(board),
      .in_flight_max = spec.in_flight_max,
      .in_flight_bytes_max = spec.in_flight_bytes_max,
  };
  const auto joined = store->committer().perform([&](Commit& commit) { return add_member(commit, parts, spec); });
  if (!joined) {
    transport::remove_board(board_of(store->directory(), *id));
    return joined.error();
  }
  auto member = std::make_shared<Member>(*store, std::move(parts));
  store->listen(member);
  return std::make_unique<LocalConsumer>(store, std::move(member));
}

}  // namespace tidings::local
