// The tokens of the latest puts, by which one that came twice is known: a producer that lost its connection sends again
// what may be there already.
//
// Threads: the caller serialises.
#pragma once

#include <deque>
#include <set>
#include <string>

namespace tidings::rabbitmq {

class PutTokens final {
 public:
  explicit PutTokens(std::size_t tokens_max) : tokens_max_{tokens_max} {}

  // Whether it is new. Beyond `tokens_max` the oldest is forgotten.
  bool add(const std::string& token) {
    if (!known_.insert(token).second) return false;
    order_.push_back(token);
    if (order_.size() > tokens_max_) {
      known_.erase(order_.front());
      order_.pop_front();
    }
    return true;
  }

 private:
  std::size_t tokens_max_;
  std::deque<std::string> order_;
  std::set<std::string> known_;
};

}  // namespace tidings::rabbitmq
