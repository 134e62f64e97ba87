// Writers of one process queue up here, in order, before they ask SQLite: it would let them poll.
//
// Threads: any.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>

#include "tidings/executor.hpp"

namespace tidings::detail {

class WriteTurn final {
 public:
  explicit WriteTurn(std::shared_ptr<Executor> executor);

  // False: the turn did not come by the deadline.
  [[nodiscard]] bool take(Time deadline);
  void give_back();

 private:
  const std::shared_ptr<Executor> executor_;
  const std::unique_ptr<Condition> changed_;
  std::mutex mutex_;
  std::deque<std::uint64_t> queue_;  // tickets; whose is at the front holds the turn
  std::uint64_t last_ticket_ = 0;
};

}  // namespace tidings::detail
