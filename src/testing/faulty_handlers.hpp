// The place between a service's pipeline and its handlers where a FaultRound stands while there is one.
//
// Threads: those of a simulation, one at a time.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>

#include "service/plan/plan.hpp"
#include "testing/fault_round.hpp"
#include "tidings/contract.hpp"

namespace tidings::testing {

class FaultyHandlers final : public std::enable_shared_from_this<FaultyHandlers> {
 public:
  // After all that the service declares, once.
  void wrap_all(Contract& contract, const service::PlanDefaults& defaults);
  // Null: handlers run as they are.
  void use(std::shared_ptr<FaultRound> round) { round_ = std::move(round); }

 private:
  HandlerFunction wrap(HandlerFunction inner);

  std::deque<HandlerFacts> facts_;  // of the handlers, in the order of the plan
  std::size_t wrapped_ = 0;
  std::shared_ptr<FaultRound> round_;
};

}  // namespace tidings::testing
