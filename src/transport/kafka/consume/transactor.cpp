#include "transport/kafka/consume/transactor.hpp"

#include <algorithm>

#include "transport/kafka/admin/group_admin.hpp"
#include "transport/kafka/client/kafka_limits.hpp"

namespace tidings::kafka {

namespace {

// The group committed these very words: nobody else says them.
bool are_there(const std::vector<CommitOf>& offsets, const std::vector<GroupCommit>& found) {
  return std::ranges::all_of(offsets, [&](const CommitOf& wanted) {
    return std::ranges::any_of(found, [&](const GroupCommit& commit) {
      return commit.position.topic == wanted.topic && commit.position.partition == wanted.partition &&
             commit.position.offset == wanted.offset && commit.metadata == wanted.metadata;
    });
  });
}

}  // namespace

Transactor::Transactor(std::shared_ptr<Cluster> cluster, std::string group_id, std::string transactional_id,
                       std::shared_ptr<MemberInbox> inbox)
    : cluster_{std::move(cluster)},
      group_id_{std::move(group_id)},
      transactional_id_{std::move(transactional_id)},
      inbox_{std::move(inbox)},
      changed_{cluster_->executor().condition()} {}

Transactor::~Transactor() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    changed_->notify_all();
  }
  thread_.reset();
}

void Transactor::begin(Transaction transaction) {
  const std::lock_guard lock{mutex_};
  next_ = std::move(transaction);
  if (!thread_) thread_ = cluster_->executor().spawn("kafka-transact", [this] { run(); });
  changed_->notify_all();
}

void Transactor::run() {
  std::unique_lock lock{mutex_};
  while (true) {
    while (!next_ && !stopping_) changed_->wait_until(lock, kNever);
    if (!next_) return;
    Transaction transaction = std::move(*next_);
    next_.reset();
    lock.unlock();
    inbox_->put(perform(std::move(transaction)));
    lock.lock();
  }
}

TransactionAnswer Transactor::perform(Transaction transaction) {
  TransactionAnswer answer{.orders = std::move(transaction.orders), .commits = std::move(transaction.commits)};
  answer.result = open_client(answer);
  if (!answer.result) return answer;
  std::vector<const Message*> messages;
  std::vector<std::size_t> order_of;  // by message
  for (std::size_t i = 0; i < answer.orders.size(); ++i) {
    for (const Message& message : answer.orders[i].messages) {
      messages.push_back(&message);
      order_of.push_back(i);
    }
  }
  cluster_->faults().at("before_transaction");
  auto outcome = client_->run(messages, &transaction.group);
  cluster_->faults().at("after_transaction");
  for (auto& [index, error] : outcome.refused) answer.refused.emplace(order_of[index], std::move(error));
  answer.result = std::move(outcome.result);
  if (outcome.doubtful) answer.result = find_out(transaction.group, answer.result.error());
  return answer;
}

// Waits no longer than the first who waits for an answer.
Result<void> Transactor::open_client(const TransactionAnswer& answer) {
  if (client_ != nullptr && client_->is_dead()) client_.reset();
  if (client_ != nullptr) return {};
  Time deadline = cluster_->soon();
  for (const TransactionOrder& order : answer.orders) {
    if (order.waiter.call != nullptr) deadline = std::min(deadline, order.waiter.call->deadline);
  }
  auto opened = TransactionalClient::open(*cluster_, transactional_id_, deadline);
  if (!opened) return opened.error();
  client_ = *std::move(opened);
  return {};
}

// The broker went away while it committed. Whether it did is seen when it is back: until then nothing else is done.
Result<void> Transactor::find_out(const GroupOffsets& group, Error doubt) {
  client_.reset();
  do {
    auto opened =
        TransactionalClient::open(*cluster_, transactional_id_, cluster_->executor().now() + kEndOfPeerWithin);
    if (!opened && opened.error().kind != ErrorKind::unavailable) return opened.error();
    if (!opened) continue;
    client_ = *std::move(opened);
    const auto found = commits_of(*cluster_, group_id_);
    if (!found) continue;
    return are_there(group.offsets, *found) ? Result<void>{} : doubt;
  } while (wait_on());
  return doubt;
}

// False: it is to end.
bool Transactor::wait_on() {
  std::unique_lock lock{mutex_};
  const Time until = cluster_->executor().now() + kCommitPause;
  return !changed_->wait_until(lock, until, cluster_->executor(), [this] { return stopping_; });
}

}  // namespace tidings::kafka
