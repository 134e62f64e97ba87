#include "progress.hpp"

#include <algorithm>

namespace shop {

using tidings::transport::LagState;
using tidings::transport::TopicState;

namespace {

const LagState* find_lag(std::span<const LagState> lag, std::string_view group, std::string_view topic) {
  const auto found = std::ranges::find_if(lag, [&](const LagState& l) { return l.group == group && l.topic == topic; });
  return found == lag.end() ? nullptr : &*found;
}

GroupProgress measure(const ServiceEntry& service, std::span<const TopicState> topics, std::span<const LagState> lag) {
  GroupProgress progress;
  for (const auto& topic : topics) {
    if (!service.reads(topic.name)) continue;
    const auto records = static_cast<std::int64_t>(topic.records);
    const auto* state = find_lag(lag, service.group, topic.name);
    const auto unsettled = state != nullptr ? static_cast<std::int64_t>(state->unsettled) : records;
    // Both were looked at one after another: what was published in between must not count as handled.
    progress.handled += std::max<std::int64_t>(0, records - unsettled);
    progress.lag += unsettled;
    progress.dead += state != nullptr ? static_cast<std::int64_t>(state->dead) : 0;
  }
  return progress;
}

}  // namespace

std::int64_t Progress::handled() const {
  std::int64_t sum = 0;
  for (const auto& group : groups) sum += group.handled;
  return sum;
}

std::int64_t Progress::lag() const {
  std::int64_t sum = 0;
  for (const auto& group : groups) sum += group.lag;
  return sum;
}

Progress measure(std::span<const TopicState> topics, std::span<const LagState> lag) {
  Progress progress;
  for (std::size_t i = 0; i < kServices.size(); ++i) progress.groups[i] = measure(kServices[i], topics, lag);
  return progress;
}

std::int64_t deliveries_of(std::span<const Purchase> purchases) {
  const auto orders = static_cast<std::int64_t>(purchases.size());
  const auto paid = std::ranges::count_if(purchases, [](const Purchase& p) { return p.amount.cents != 0; });
  std::int64_t sum = 0;
  for (const auto& service : kServices) {
    for (const auto topic : kTopics) {
      if (!service.reads(topic)) continue;
      sum += topic == "orders" || topic == "payments" ? orders : paid;  // a refused order ends with its PaymentFailed
    }
  }
  return sum;
}

}  // namespace shop
