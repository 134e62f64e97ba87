// Outputs that are confirmed and whose rows are not deleted yet: gathered in memory, applied with the next
// transaction. Lost by a crash, they cost only that a duplicate sends its outputs again.
//
// Threads: any.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "outbox/marks.hpp"
#include "tidings/executor.hpp"

namespace tidings::detail {

class Confirmations final {
 public:
  explicit Confirmations(std::shared_ptr<Executor> executor);

  void add(MarkKey key);
  // At most kTakeMax of them, so that a transaction stays short. `Waiting::long_enough` blocks until they waited for
  // kIdleAfter, and returns nothing after stop().
  enum class Waiting { no, long_enough };
  std::vector<MarkKey> take(Waiting waiting);
  void put_back(std::vector<MarkKey> keys);
  void stop();

 private:
  const std::shared_ptr<Executor> executor_;
  const std::unique_ptr<Condition> changed_;
  std::mutex mutex_;
  std::vector<MarkKey> keys_;
  Time since_{};  // of the oldest in keys_
  bool stopped_ = false;
};

}  // namespace tidings::detail
