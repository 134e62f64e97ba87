#include "transport/kafka/consume/topic_maker.hpp"

#include "transport/kafka/client/kafka_limits.hpp"

namespace tidings::kafka {

namespace {

bool is_for_now(const Result<void>& made) {
  return !made && (made.error().kind == ErrorKind::unavailable || made.error().kind == ErrorKind::overloaded);
}

}  // namespace

TopicMaker::TopicMaker(std::shared_ptr<Executor> executor, EnsureTopic ensure, std::shared_ptr<MemberInbox> inbox)
    : executor_{std::move(executor)},
      ensure_{std::move(ensure)},
      inbox_{std::move(inbox)},
      changed_{executor_->condition()} {}

TopicMaker::~TopicMaker() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    changed_->notify_all();
  }
  thread_.reset();
}

void TopicMaker::want(const std::string& topic) {
  const std::lock_guard lock{mutex_};
  if (!wanted_.insert(topic).second) return;
  queue_.push_back(topic);
  if (!thread_) thread_ = executor_->spawn("kafka-topics", [this] { run(); });
  changed_->notify_all();
}

// False: it is to end.
bool TopicMaker::wait_for_next(std::unique_lock<std::mutex>& lock) {
  while (!stopping_) {
    if (!queue_.empty() && executor_->now() >= not_before_) return true;
    changed_->wait_until(lock, queue_.empty() ? kNever : not_before_);
  }
  return false;
}

void TopicMaker::run() {
  std::unique_lock lock{mutex_};
  while (wait_for_next(lock)) {
    const std::string topic = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    auto made = ensure_(topic);
    lock.lock();
    if (is_for_now(made)) {
      queue_.push_back(topic);
      not_before_ = executor_->now() + kTopicPause;
    } else {
      wanted_.erase(topic);
    }
    lock.unlock();
    inbox_->put(TopicMade{topic, std::move(made)});
    lock.lock();
  }
}

}  // namespace tidings::kafka
