#include "transport/rabbitmq/consume/unsettled_count.hpp"

#include <algorithm>
#include <set>

#include "transport/rabbitmq/catalog/rabbitmq_catalog.hpp"

namespace tidings::rabbitmq {

Result<std::uint64_t> count_ready(Broker& broker, const std::string& queue) {
  std::uint64_t count = 0;
  const auto asked = broker.ask([&](Link& link, Channel channel) -> Result<void> {
    const auto looked = link.look_at_queue(channel, queue);
    if (looked) count = looked->ready;
    return looked || looked.error().kind == ErrorKind::invalid ? Result<void>{} : looked.error();
  });
  if (!asked) return asked.error();
  return count;
}

// Members are asked before and after: what they take meanwhile is counted once more rather than not at all.
Result<std::uint64_t> count_unsettled(Broker& broker, const SubscriptionQueues& queues,
                                      const std::vector<std::string>& instances, Holdings& held) {
  std::set<std::string> members;  // several processes may have a name
  for (const std::string& instance : instances) members.insert(member_queue(queues, instance));
  const std::vector<std::string> presences{members.begin(), members.end()};
  auto before = ask_holdings(broker, presences);
  if (!before) return before.error();
  std::uint64_t unsettled = 0;
  for (const std::string& queue : queues.read) {
    const auto ready = count_ready(broker, queue);
    if (!ready) return ready.error();
    unsettled += *ready;
  }
  auto after = ask_holdings(broker, presences);
  if (!after) return after.error();
  for (const std::string& queue : queues.read) {
    unsettled += std::max((*before)[queue].count, (*after)[queue].count);
    held[queue] = (*before)[queue].oldest ? (*before)[queue] : (*after)[queue];
    held[queue].unkeyed = std::max((*before)[queue].unkeyed, (*after)[queue].unkeyed);
  }
  return unsettled;
}

}  // namespace tidings::rabbitmq
