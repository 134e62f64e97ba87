// A call of Consumer::settle whose answers are outstanding.
//
// Threads: values; answers are told without any lock.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "tidings/transport/transport.hpp"

namespace tidings::transport {

struct SettleCall {
  Consumer::Settled settled;
  Time deadline{};  // an answer after it is `unavailable`
};

// Who waits for the answer to one settlement. Without a call nobody does.
struct Waiter {
  std::shared_ptr<SettleCall> call;
  std::size_t index = 0;
};

class Answers final {
 public:
  void add(Waiter waiter, Result<void> outcome) {
    if (waiter.call != nullptr) answers_.emplace_back(std::move(waiter), std::move(outcome));
  }
  // Once; under no lock.
  void tell() {
    telling_.swap(answers_);  // and keeps their room
    for (auto& [waiter, outcome] : telling_) waiter.call->settled(waiter.index, std::move(outcome));
    telling_.clear();
  }

 private:
  std::vector<std::pair<Waiter, Result<void>>> answers_, telling_;
};

}  // namespace tidings::transport
