// In what a queue or an exchange that is there is set otherwise than it was to be. The server names one difference at a
// time: so what is wanted is set, one after another, as it is there, until it finds none.
//
// Threads: values. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "transport/rabbitmq/link/link.hpp"

namespace tidings::rabbitmq {

inline constexpr std::size_t kDifferencesMax = 32;  // of one queue or exchange: it has fewer arguments

// Sets what differs as it is there. False: it cannot be.
bool set_as_there(ExchangeSpec& wanted, const Difference& difference);
bool set_as_there(QueueSpec& wanted, const Difference& difference);

template <class Spec>
class Comparison final {
 public:
  // `what`: as errors call it.
  Comparison(Spec wanted, std::string what)
      : wanted_{std::move(wanted)}, mismatch_{.what = std::move(what), .name = wanted_.name, .differences = {}} {}

  // False: what else there is cannot be found.
  bool take(Difference difference) {
    mismatch_.differences.push_back(std::move(difference));
    mismatch_.all =
        set_as_there(wanted_, mismatch_.differences.back()) && mismatch_.differences.size() < kDifferencesMax;
    return mismatch_.all;
  }
  // The server said something else.
  void end() { mismatch_.all = false; }

  const Spec& wanted() const { return wanted_; }  // as far as is known, as it is there
  const Mismatch& mismatch() const { return mismatch_; }

 private:
  Spec wanted_;
  Mismatch mismatch_;
};

}  // namespace tidings::rabbitmq
