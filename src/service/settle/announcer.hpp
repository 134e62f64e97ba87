// Tells the observers what was decided about deliveries of one subscription.
//
// Threads: any, under no lock.
#pragma once

#include <string>
#include <vector>

#include "service/plan/plan.hpp"
#include "service/settle/settling.hpp"
#include "tidings/decision.hpp"
#include "tidings/executor.hpp"

namespace tidings::service {

class Announcer final {
 public:
  // All of them must outlive it.
  Announcer(const std::string& service, const SubscriptionPlan& plan, const std::vector<Observer>& observers,
            const Executor& executor)
      : service_{service}, plan_{plan}, observers_{observers}, executor_{executor} {}

  void announce(const Settling& settling) const;
  // Of a delivery that goes on.
  void announce(Step step, const transport::Delivery& delivery, const Envelope& envelope) const;
  void held_back(const transport::PartitionId& partition) const;

 private:
  Decision about(const transport::Delivery& delivery, const Envelope& envelope) const;
  void published(const transport::Record& record) const;
  void tell(Decision& decision) const;

  const std::string& service_;
  const SubscriptionPlan& plan_;
  const std::vector<Observer>& observers_;
  const Executor& executor_;
};

}  // namespace tidings::service
