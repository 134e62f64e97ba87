#include "transport/kafka/transactor.hpp"

namespace tidings::kafka {

Transactor::Transactor(std::shared_ptr<Cluster> cluster, std::string transactional_id,
                       std::shared_ptr<MemberInbox> inbox)
    : cluster_{std::move(cluster)},
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
  if (client_ != nullptr && client_->is_dead()) client_.reset();
  if (client_ == nullptr) {
    auto opened = TransactionalClient::open(*cluster_, transactional_id_);
    if (!opened) {
      answer.result = opened.error();
      return answer;
    }
    client_ = *std::move(opened);
  }
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
  return answer;
}

}  // namespace tidings::kafka
