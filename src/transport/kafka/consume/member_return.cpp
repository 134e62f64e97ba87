// How a member that was fenced stays out, and comes back: another process has its instance's name, and two of one name
// would throw each other out for ever.
#include <fmt/format.h>

#include <algorithm>

#include "transport/kafka/admin/group_admin.hpp"
#include "transport/kafka/client/kafka_limits.hpp"
#include "transport/kafka/consume/kafka_member.hpp"

namespace tidings::kafka {

// What it had is the other's by now, though librdkafka may go on fetching for a while.
void KafkaMember::go_out(Error why) {
  if (!spec_.who.static_id.empty()) {
    why.message += fmt::format(
        "; another process runs under the instance name '{0}': stop one of them, or give it another name (--instance). "
        "This one handles nothing of the subscription until no '{0}' is a member any more; then it joins again",
        spec_.who.instance);
  }
  assigned_.reset();
  lose(*all_partitions());
  {
    const std::lock_guard lock{mutex_};
    trouble_ = std::move(why);
    trouble_stays_ = true;
  }
  come_back_at_ = cluster_->executor().now() + kNameAskEvery;
  bell_->ring();
}

void KafkaMember::come_back() {
  come_back_at_ = cluster_->executor().now() + kNameAskEvery;
  if (!may_come_back()) return;
  auto client = MemberClient::open(*cluster_, spec_.who, bell_);
  if (!client) return;
  if (!assigned_once_ && client_->has_joined()) client_->abandon(cluster_);
  inbox_->wakes([wakened = client->get()] { wakened->wake(); });
  client_ = *std::move(client);
  assigned_.reset();
  assigned_once_ = false;
  revocation_.reset();
  commit_under_way_.reset();
  topics_.clear();
  refresh_at_ = {};
  come_back_at_ = kNever;
  if (spec_.returned && spec_.kind == Fetched::Kind::events) spec_.returned();
  const std::lock_guard lock{mutex_};
  trouble_.reset();
  trouble_stays_ = false;
}

// A process that died is a member until its session ends.
bool KafkaMember::may_come_back() const {
  const auto group = look_at_group(*cluster_, spec_.who.group_id, cluster_->executor().now() + kLookAtGroupWithin);
  if (!group) return false;
  return std::ranges::none_of(group->members, [this](const LiveMember& member) {
    return !spec_.who.static_id.empty() && member.static_id == spec_.who.static_id;
  });
}

}  // namespace tidings::kafka
