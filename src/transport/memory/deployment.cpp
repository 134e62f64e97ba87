#include "transport/memory/deployment.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/flaw.hpp"

namespace tidings::memory {

using transport::Declaration;
using transport::Outcome;
using transport::PartitionId;
using transport::PublishedType;
using transport::Record;
using transport::Settlement;
using transport::Sharing;
using transport::Start;
using transport::StartAt;
using transport::SubscriptionSpec;

Result<void> Deployment::declare(const Declaration& declaration, Time now) {
  for (const auto& topic : declaration.topics) {
    if (auto declared = topics_.declare(topic); !declared) return declared;
  }
  for (const auto& published : declaration.published) {
    const auto key = transport::published_key(published);
    if (!key) return key.error();
    if (control_.get(*key, now)) continue;
    if (const auto put = control_.put(*key, published.topic, {}, now); !put) return put.error();
  }
  discover();
  for (auto& [id, subscription] : subscriptions_) subscription->balance(now);
  return {};
}

// Lets pattern subscriptions read the topics that match since now.
void Deployment::discover() {
  for (auto& [id, subscription] : subscriptions_) {
    for (const std::string& topic : topics_of(subscription->spec())) {
      if (!is_read_by_another(*subscription, topic)) subscription->read(topic, *topics_.find(topic));
    }
  }
}

std::set<std::string> Deployment::topics_of(const SubscriptionSpec& spec) const {
  if (!spec.topic.empty()) return {spec.topic};
  std::vector<PublishedType> published;
  for (const auto& record : control_.list(transport::kPublishedPrefix, Time::min())) {
    if (auto type = transport::published_from_key(record.key)) published.push_back(std::move(*type));
  }
  return transport::pattern_topics(spec.pattern, spec.extra_topics, topics_.known(), published);
}

bool Deployment::is_read_by_another(const MemorySubscription& subscription, const std::string& topic) const {
  return std::any_of(subscriptions_.begin(), subscriptions_.end(), [&](const auto& item) {
    const MemorySubscription& other = *item.second;
    const bool same = other.name() == subscription.name();
    return !same && other.spec().group == subscription.spec().group && !other.members().empty() &&
           other.topics().contains(topic);
  });
}

Result<void> Deployment::publish(Record record, Beyond beyond, Time now) {
  if (auto room = room_for({&record, 1}, beyond, now); !room) return room;
  append(std::move(record), now);
  return {};
}

void Deployment::append(Record record, Time now) {
  const PartitionId partition = topics_.append(std::move(record), now);
  for (const auto& [id, subscription] : subscriptions_) {
    if (const MemberId owner = subscription->owner_of(partition); owner != 0) touched_.members.insert(owner);
  }
}

Result<void> Deployment::room_for(std::span<const Record> records, Beyond beyond, Time now) {
  std::size_t bytes = graveyard_.bytes();
  for (const Record& record : records) {
    if (auto checked = topics_.check(record); !checked) return checked;
    bytes += transport::size_of(record);
  }
  const auto is_done = [this](const KeptRecord& kept) { return is_settled(kept); };
  if (topics_.make_room(graveyard_.records() + records.size(), bytes, beyond, is_done)) return {};
  return overloaded(fmt::format("the memory deployment is full (records_max={}, bytes_max={}): {} dead letters, {}",
                                options_.records_max, options_.bytes_max, graveyard_.records(), slowest_group(now)));
}

std::string Deployment::slowest_group(Time now) const {
  const auto lag = lag_states(now);
  const auto slowest =
      std::max_element(lag.begin(), lag.end(), [](const auto& a, const auto& b) { return a.unsettled < b.unsettled; });
  if (slowest == lag.end() || slowest->unsettled == 0) return "no group is behind";
  return fmt::format("the slowest group is '{}' with {} unsettled events of '{}'; let it catch up or remove it",
                     slowest->group, slowest->unsettled, slowest->topic);
}

bool Deployment::is_settled(const KeptRecord& kept) const {
  return std::all_of(subscriptions_.begin(), subscriptions_.end(),
                     [&](const auto& item) { return item.second->is_settled(kept); });
}

bool Deployment::is_gone(std::string_view group, const transport::Retention& retention, Time now) const {
  return std::all_of(subscriptions_.begin(), subscriptions_.end(), [&](const auto& item) {
    const MemorySubscription& subscription = *item.second;
    return subscription.spec().group != group || transport::is_gone(subscription.left(), retention, now);
  });
}

bool Deployment::let_go(const Kept& kept, const transport::Retention& retention, Time now) {
  const auto may_lose = [&](const auto& item) {
    const MemorySubscription& subscription = *item.second;
    return subscription.is_settled(*kept) ||
           (retention.unsettled == transport::Unsettled::expire && is_gone(subscription.spec().group, retention, now));
  };
  if (!std::all_of(subscriptions_.begin(), subscriptions_.end(), may_lose)) return false;
  for (auto& [id, subscription] : subscriptions_) {
    if (subscription->lose(*kept)) ++expired_[{subscription->spec().group, kept->record().topic}];
  }
  return true;
}

Result<MemberId> Deployment::join(const SubscriptionSpec& spec, const ProcessName& process,
                                  std::shared_ptr<RunningBoard> board, Time now) {
  if (auto checked = check_spec(spec); !checked) return checked.error();
  const std::uint64_t subscription_id = find_or_create(spec);
  MemorySubscription& subscription = *subscriptions_.at(subscription_id);
  const MemberId id = ++last_member_;
  auto member = std::make_unique<Member>();
  member->id = id;
  member->instance = spec.instance.empty() ? fmt::format("{}-{}", process.name, id) : spec.instance;
  member->process = process;
  member->in_flight_max = spec.in_flight_max;
  if (options_.suspect_window > 0) member->in_flight_max = std::min(spec.in_flight_max, options_.suspect_window);
  member->in_flight_bytes_max = spec.in_flight_bytes_max;
  member->board = std::move(board);
  subscription.join(*member);
  seats_.emplace(id, Seat{std::move(member), subscription_id});
  discover();
  subscription.balance(now);
  return id;
}

std::uint64_t Deployment::find_or_create(const SubscriptionSpec& spec) {
  for (const auto& [id, subscription] : subscriptions_) {
    const SubscriptionSpec& there = subscription->spec();
    const bool same = there.group == spec.group && there.topic == spec.topic && there.pattern == spec.pattern;
    const bool shared = spec.sharing == Sharing::shared || flawed(Flaw::memory_broadcast_shared);
    if (same && shared && !subscription->is_broadcast()) return id;
  }
  const std::uint64_t id = ++last_subscription_;
  subscriptions_.emplace(id,
                         std::make_unique<MemorySubscription>(spec, start_line(spec.start), options_.revoke_within));
  return id;
}

StartLine Deployment::start_line(const Start& start) const {
  switch (start.at) {
    case StartAt::beginning:
      return {};
    case StartAt::end:
      return {.offset = flawed(Flaw::memory_start_ignored) ? 0 : topics_.last_offset() + 1};
    case StartAt::time:
      return {.offset = topics_.offset_at(start.time), .published = start.time};
  }
  return {};
}

void Deployment::leave(MemberId id, MemorySubscription::Going going, Time now) {
  const std::uint64_t subscription_id = seats_.at(id).subscription;
  MemorySubscription& subscription = subscription_of(id);
  subscription.leave(member(id), going, now);
  seats_.erase(id);
  if (subscription.is_broadcast()) {
    subscriptions_.erase(subscription_id);
  } else {
    subscription.balance(now);
  }
}

void Deployment::detach(MemberId id, Time now) {
  subscription_of(id).detach(member(id));
  subscription_of(id).balance(now);
}

void Deployment::attach(MemberId id, Time now) {
  subscription_of(id).attach(member(id));
  subscription_of(id).balance(now);
}

bool Deployment::tick(Time now) {
  topics_.expire(now, [&](const Kept& kept, const auto& retention) { return let_go(kept, retention, now); });
  bool changed = false;
  for (auto& [id, subscription] : subscriptions_) {
    if (subscription->next_deadline() <= now) changed |= subscription->balance(now);
  }
  return changed;
}

Time Deployment::next_timer(MemberId id) const {
  Time next = subscriptions_.at(seats_.at(id).subscription)->next_due(*seats_.at(id).member);
  for (const auto& [subscription_id, subscription] : subscriptions_) {
    next = std::min(next, subscription->next_deadline());
  }
  return next;
}

transport::Batch Deployment::take(MemberId id, std::size_t max, Time now) {
  Member& taker = member(id);
  transport::Batch batch;
  batch.notices.swap(taker.notices);
  batch.deliveries = subscription_of(id).take(taker, max, now, topics_);
  return batch;
}

Result<void> Deployment::settle(MemberId id, Settlement settlement, Time now) {
  auto& in_flight = member(id).in_flight;
  const InFlight* flight = in_flight.find(settlement.token);
  if (flight == nullptr) {
    if (flawed(Flaw::memory_cut_off_settles)) return {};
    return conflict(
        fmt::format("delivery {} is not ours any more: its partition went to another member, or it was "
                    "settled before; forget it",
                    settlement.token));
  }
  if (!settlement.publishes.empty()) {
    if (!std::holds_alternative<transport::Accept>(settlement.outcome) && !flawed(Flaw::outputs_of_failure)) {
      return invalid("records may be published with Accept only");
    }
    for (Record& record :
         flawed(Flaw::memory_outputs_apart) ? std::exchange(settlement.publishes, {}) : std::vector<Record>{}) {
      if (auto published = publish(std::move(record), Beyond::nothing, now); !published) return published;
    }
    if (auto room = room_for(settlement.publishes, Beyond::reserve, now); !room) return room;
  }
  for (Record& record : settlement.publishes) append(std::move(record), now);
  if (apply(id, *flight, settlement.outcome, now)) in_flight.erase(settlement.token);
  touched_.members.insert(id);  // it has room for more
  if (subscription_of(id).is_handing_over()) touched_.all |= subscription_of(id).balance(now);
  return {};
}

bool Deployment::apply(MemberId id, const InFlight& place, const Outcome& outcome, Time now) {
  Slice& slice = subscription_of(id).slice(place.partition);
  if (const auto* mark = std::get_if<transport::Mark>(&outcome)) {
    slice.mark(place.entry, mark->crashes);
    return false;
  }
  if (const auto* retry = std::get_if<transport::Retry>(&outcome)) {
    slice.retry(place.entry, *retry);
    return retry->order == transport::RetryOrder::relaxed;
  }
  if (std::holds_alternative<transport::Release>(outcome)) {
    slice.release(place.entry);
    return true;
  }
  if (const auto* bury = std::get_if<transport::Bury>(&outcome); bury && !flawed(Flaw::memory_bury_drops))
    this->bury(id, place, *bury, now);
  slice.finish(place.entry);
  return true;
}

void Deployment::bury(MemberId id, const InFlight& place, const transport::Bury& bury, Time now) {
  const Seat& seat = seats_.at(id);
  MemorySubscription& subscription = *subscriptions_.at(seat.subscription);
  const Entry& entry = subscription.slice(place.partition).at(place.entry);
  graveyard_.bury({.letter = {.id = {},
                              .group = subscription.spec().group,
                              .subscription = subscription.name(),
                              .reason = bury.reason,
                              .error = bury.error.substr(0, transport::kErrorTextMax),
                              .attempts = bury.attempts.failed,
                              .crashes = bury.attempts.crashes,
                              .replays = entry.replays,
                              .first_failed = bury.attempts.first_failed,
                              .buried = now,
                              .host = seat.member->process.name,
                              .pid = seat.member->process.number,
                              .position = entry.kept->position()},
                   .kept = entry.kept,
                   .subscription = seat.subscription});
}

void Deployment::set_flow(MemberId id, std::span<const transport::PartitionId> partitions,
                          transport::Consumer::Flow flow) {
  auto& paused = member(id).paused;
  for (const auto& partition : partitions) {
    if (flow == transport::Consumer::Flow::flowing) {
      paused.erase(partition);
    } else {
      paused.insert(partition);
    }
  }
}

}  // namespace tidings::memory
