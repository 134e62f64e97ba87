#include "transport/rabbitmq/consume/queue_plan.hpp"

namespace tidings::rabbitmq {

std::vector<std::optional<std::size_t>> plan_queues(std::size_t members,
                                                    const std::vector<std::optional<std::size_t>>& owners) {
  std::vector<std::optional<std::size_t>> plan(owners.size());
  if (members == 0) return plan;
  const std::size_t share = owners.size() / members;
  std::size_t extra = owners.size() % members;  // so many may have one more
  std::vector<std::size_t> has(members, 0);
  for (const auto& owner : owners) {
    if (owner) ++has[*owner];
  }
  std::vector<std::size_t> quota(members, share);
  const auto grant = [&](auto&& deserves) {
    for (std::size_t member = 0; member < members && extra > 0; ++member) {
      if (quota[member] > share || !deserves(member)) continue;
      ++quota[member];
      --extra;
    }
  };
  grant([&](std::size_t member) { return has[member] > share; });
  grant([](std::size_t) { return true; });

  std::vector<std::size_t> planned(members, 0);
  for (std::size_t queue = 0; queue < owners.size(); ++queue) {
    if (!owners[queue] || planned[*owners[queue]] == quota[*owners[queue]]) continue;
    plan[queue] = owners[queue];
    ++planned[*owners[queue]];
  }
  std::size_t next = 0;
  for (auto& owner : plan) {
    if (owner) continue;
    while (planned[next] == quota[next]) ++next;
    owner = next;
    ++planned[next];
  }
  return plan;
}

}  // namespace tidings::rabbitmq
