#include "transport/kafka/consume/kafka_member.hpp"

#include <algorithm>

#include "base/countdown.hpp"
#include "transport/kafka/client/kafka_limits.hpp"

namespace tidings::kafka {

using transport::StartAt;

Result<std::unique_ptr<KafkaMember>> KafkaMember::join(std::shared_ptr<Cluster> cluster,
                                                       std::shared_ptr<Producer> producer, MemberSpec spec,
                                                       std::shared_ptr<Bell> bell) {
  auto client = MemberClient::open(*cluster, spec.who, bell);
  if (!client) return client.error();
  const auto topics = spec.topics();
  if (!topics) return topics.error();
  std::unique_ptr<KafkaMember> member{
      new KafkaMember{std::move(cluster), std::move(producer), std::move(spec), std::move(bell), *std::move(client)}};
  if (auto established = member->establish_positions(*topics); !established) return established.error();
  member->thread_ = member->cluster_->executor().spawn("kafka-member", [self = member.get()] { self->run(); });
  return member;
}

KafkaMember::KafkaMember(std::shared_ptr<Cluster> cluster, std::shared_ptr<Producer> producer, MemberSpec spec,
                         std::shared_ptr<Bell> bell, std::unique_ptr<MemberClient> client)
    : cluster_{std::move(cluster)},
      producer_{std::move(producer)},
      spec_{std::move(spec)},
      bell_{std::move(bell)},
      client_{std::move(client)},
      inbox_{std::make_shared<MemberInbox>([wakened = client_.get()] { wakened->wake(); })},
      next_slot_{spec_.first_slot},
      topic_maker_{std::make_unique<TopicMaker>(cluster_->shared_executor(), spec_.ensure_topic, inbox_)},
      transactor_{
          std::make_unique<Transactor>(cluster_, spec_.who.group_id, transactional_id(spec_.who.instance), inbox_)} {}

KafkaMember::~KafkaMember() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  inbox_->wake();
  thread_.reset();
  topic_maker_.reset();
  transactor_.reset();
  inbox_->close();
  partitions_.clear();  // their queues are the client's
}

Result<std::vector<Committed>> KafkaMember::look_up(const rd_kafka_topic_partition_list_t& partitions) const {
  auto found = client_->committed(partitions);
  if (found || found.error().kind != ErrorKind::unavailable) return found;
  end_transactions_of_peers();
  return client_->committed(partitions);
}

// Kafka tells nobody how far a group is while a transaction that says so is open, up to twice its time-out after a
// death. Of a member that lives it is tried again.
void KafkaMember::end_transactions_of_peers() const {
  for (const std::string& instance : spec_.peers()) {
    const Time deadline = cluster_->executor().now() + kEndOfPeerWithin;
    if (!TransactionalClient::open(*cluster_, transactional_id(instance), deadline))
      return;  // the broker is away, rather
  }
}

// Whoever is the first of a group says where it begins, durably: not where it happens to be when partitions come.
Result<void> KafkaMember::establish_positions(const std::set<std::string>& topics) {
  const PartitionListHandle all = partition_list();
  for (const std::string& topic : topics) {
    const auto partitions = cluster_->partitions(topic);
    if (!partitions) return partitions.error();
    for (std::int32_t i = 0; i < partitions->value_or(0); ++i) {
      rd_kafka_topic_partition_list_add(all.get(), topic.c_str(), i);
    }
  }
  if (all->cnt == 0) return {};
  const auto found = look_up(*all);
  if (!found) return found.error();
  std::vector<PartitionOffset> missing;
  for (const Committed& partition : *found) {
    if (!partition.record) missing.push_back({partition.topic, partition.partition, 0});
  }
  const auto starts = starts_of(std::move(missing));
  if (!starts) return starts.error();
  std::vector<CommitOf> commits;
  for (const auto& [topic, partition, offset] : *starts) commits.push_back({topic, partition, offset, {}});
  // Refused while the group has members: then these say it.
  if (auto done = commit_as_nobody(*cluster_, spec_.who.group_id, commits);
      !done && done.error().kind != ErrorKind::conflict)
    return done;
  return {};
}

Result<std::vector<PartitionOffset>> KafkaMember::starts_of(std::vector<PartitionOffset> partitions) const {
  switch (spec_.start.at) {
    case StartAt::end:
      return cluster_->offsets(std::move(partitions), Bound::latest);
    case StartAt::time:
      return cluster_->offsets_at(std::move(partitions), spec_.start.time);
    case StartAt::beginning:
      break;
  }
  return cluster_->offsets(std::move(partitions), Bound::earliest);
}

void KafkaMember::take(Room& room, transport::Batch& batch) {
  std::vector<Hop> hops;
  bool urgent = false;
  {
    const std::lock_guard lock{mutex_};
    std::move(notices_.begin(), notices_.end(), std::back_inserter(batch.notices));
    notices_.clear();
    const Time now = cluster_->executor().now();
    const auto hand_out = [&](auto from, auto to) {
      for (auto at = from; at != to; ++at) {
        OwnedPartition& partition = *at->second;
        std::vector<std::int64_t> offsets;
        const bool was_urgent = partition.is_urgent();
        const std::size_t before = batch.deliveries.size();
        partition.hand_out(room, now, batch.deliveries, offsets);
        if (batch.deliveries.size() > before) served_ = at->first;
        note_expired(partition, batch);
        urgent = urgent || (partition.is_urgent() && !was_urgent);
        for (const std::int64_t offset : offsets) hops.push_back({at->first, offset});
      }
    };
    const bool is_ours = now < ours_until_;               // nothing new while others may have it
    const auto first = partitions_.upper_bound(served_);  // so that none waits for ever for room that others take
    if (is_ours) hand_out(first, partitions_.end());
    if (is_ours) hand_out(partitions_.begin(), first);
  }
  if (!hops.empty()) inbox_->put(std::move(hops));
  if (urgent) inbox_->wake();
}

// Under the lock. Counted by the thread: that takes a while.
void KafkaMember::note_expired(OwnedPartition& partition, transport::Batch& batch) {
  const std::uint64_t count = partition.take_expired();
  if (count == 0) return;
  batch.notices.push_back({.kind = transport::Notice::Kind::expired, .partitions = {partition.id()}, .records = count});
  if (spec_.kind == Fetched::Kind::events) expired_[partition.id().topic] += count;
}

void KafkaMember::count_expired() {
  std::map<std::string, std::uint64_t> expired;
  {
    const std::lock_guard lock{mutex_};
    expired.swap(expired_);
  }
  for (const auto& [topic, count] : expired) {
    if (spec_.expired) spec_.expired(topic, count);
  }
}

Time KafkaMember::waits_until() const {
  const std::lock_guard lock{mutex_};
  Time until = kNever;
  for (const auto& [slot, partition] : partitions_) until = std::min(until, partition->waits_until());
  return until;
}

KafkaMember::InFlight KafkaMember::in_flight() const {
  const std::lock_guard lock{mutex_};
  InFlight in_flight;
  for (const auto& [slot, partition] : partitions_) {
    in_flight.records += partition->out_count();
    in_flight.bytes += partition->out_bytes();
  }
  return in_flight;
}

void KafkaMember::set_paused(const transport::PartitionId& id, bool paused) {
  const std::lock_guard lock{mutex_};
  if (paused) paused_.insert(id);
  if (!paused) paused_.erase(id);
  for (auto& [slot, partition] : partitions_) {
    if (partition->id() == id) partition->set_paused(paused);
  }
}

void KafkaMember::run() {
  while (true) {
    {
      const std::lock_guard lock{mutex_};
      if (stopping_) break;
    }
    const Time now = cluster_->executor().now();
    refresh_topics(now);
    if (come_back_at_ <= now) come_back();
    turn(next_turn(now));
  }
  leave();
}

// One look at everything; then waits for an event.
void KafkaMember::turn(Time deadline) {
  read_letters();
  const Time now = cluster_->executor().now();
  if (assigned_ != nullptr && assign_again_at_ <= now) try_assign();
  if (revocation_) go_on_revoking(now);
  transact(now);
  commit_what_is_due(now);
  {
    const std::lock_guard lock{mutex_};
    for (auto& [slot, partition] : partitions_) partition->expire(now, answers_);
    const Time was = std::exchange(ours_until_, client_->ours_until());
    if (was <= now && now < ours_until_) bell_->ring();
  }
  answers_.tell();
  count_expired();
  if (const EventHandle event = client_->next_event(deadline)) handle(*event);
  answers_.tell();
}

Time KafkaMember::next_turn(Time now) {
  Time next = std::min(now + kTick, next_commit_at(now));
  if (revocation_) next = std::min(next, next_of_revocation(now));
  if (assigned_ != nullptr) next = std::min(next, assign_again_at_);
  if (has_orders_to_transact() && !transacting_) {
    next = std::min(next, std::max(now + kCommitLook, transact_not_before_));
  }
  return next;
}

// When a commit may be sent, as far as the membership's requests tell.
Time KafkaMember::next_look(Time now) const {
  return client_->requests() == GroupRequests::Now::commit ? now : now + kCommitLook;
}

void KafkaMember::handle(rd_kafka_event_t& event) {
  switch (rd_kafka_event_type(&event)) {
    case RD_KAFKA_EVENT_REBALANCE:
      return rebalance(event);
    case RD_KAFKA_EVENT_OFFSET_COMMIT:
      return commit_answered(event);
    case RD_KAFKA_EVENT_ERROR:
      return note_trouble(event);
    default:
      return;
  }
}

// What passes by itself is none.
void KafkaMember::note_trouble(rd_kafka_event_t& event) {
  const bool fatal = rd_kafka_event_error_is_fatal(&event) != 0;
  Error error = to_error(rd_kafka_event_error(&event), "receive as a member of group '" + spec_.who.group_id + "'",
                         rd_kafka_event_error_string(&event));
  if (fatal) return go_out(std::move(error));
  if (error.kind == ErrorKind::unavailable || error.kind == ErrorKind::overloaded) return;
  {
    const std::lock_guard lock{mutex_};
    if (trouble_stays_) return;
    trouble_ = std::move(error);
  }
  bell_->ring();
}

std::optional<Error> KafkaMember::trouble() {
  const std::lock_guard lock{mutex_};
  if (trouble_stays_) return trouble_;
  return std::exchange(trouble_, std::nullopt);
}

void KafkaMember::refresh_topics(Time now) {
  if (now < refresh_at_) return;
  refresh_at_ = now + kRefreshEvery;
  const auto topics = spec_.topics();
  if (!topics || *topics == topics_ || topics->empty()) return;
  if (client_->subscribe(*topics)) topics_ = *topics;
}

PartitionListHandle KafkaMember::all_partitions() const {
  PartitionListHandle all = partition_list();
  for (const auto& [slot, partition] : partitions_) {
    const std::string topic = cluster_->names().on_cluster(partition->id().topic);
    rd_kafka_topic_partition_list_add(all.get(), topic.c_str(), partition->id().partition);
  }
  return all;
}

void KafkaMember::give_up_all() {
  begin_revocation(*all_partitions());
}

// Gives everything up, cleanly, as far as that can be done in time.
void KafkaMember::leave() {
  const Executor& executor = cluster_->executor();
  const Countdown left{executor, executor.now() + transport::kCloseWithin};
  leaving_ = true;
  if (orphans_) orphans_->stop();
  read_letters();
  const auto may_end = [&] { return assigned_once_ || !client_->has_joined(); };
  while (!may_end() && executor.now() + kLeaveReserve < left.end()) turn(executor.now() + kTick);
  if (!may_end()) client_->abandon(cluster_);
  while (!partitions_.empty() && !left.over()) {  // a revocation may be under way, of some
    if (!revocation_) give_up_all();
    if (revocation_) revocation_->deadline = std::min(revocation_->deadline, executor.now());
    while (revocation_ && !left.over()) turn(next_turn(executor.now()));
  }
  const bool closes = client_->begin_close();
  while (closes && !client_->closed() && !left.over()) turn(executor.now() + kTick);
}

}  // namespace tidings::kafka
