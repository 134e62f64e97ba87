// Makes topics for copies while the member goes on: a broker that is away, or refuses one, holds up who waits for that
// topic, and nobody else.
//
// Owns:    a thread, `kafka-topics`, from the first topic on.
// Threads: want() by any; what became of them comes as letters.
// Blocks:  the destructor, until the try that is under way has ended.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "tidings/executor.hpp"
#include "transport/kafka/consume/member_inbox.hpp"

namespace tidings::kafka {

// Makes sure that copies can be published: the topic is made where it is missing. Blocks.
using EnsureTopic = std::function<Result<void>(const std::string& topic)>;

class TopicMaker final {
 public:
  TopicMaker(std::shared_ptr<Executor> executor, EnsureTopic ensure, std::shared_ptr<MemberInbox> inbox);
  ~TopicMaker();

  // Until it is there, or refused for good, it is tried again and again, in turn with others; each try is a letter.
  // One that is wanted already is wanted once.
  void want(const std::string& topic);

 private:
  void run();
  bool wait_for_next(std::unique_lock<std::mutex>& lock);

  const std::shared_ptr<Executor> executor_;
  const EnsureTopic ensure_;
  const std::shared_ptr<MemberInbox> inbox_;
  const std::unique_ptr<Condition> changed_;
  std::mutex mutex_;
  std::set<std::string> wanted_;
  std::deque<std::string> queue_;  // of those, in turn
  Time not_before_{};
  bool stopping_ = false;
  std::unique_ptr<Thread> thread_;
};

}  // namespace tidings::kafka
