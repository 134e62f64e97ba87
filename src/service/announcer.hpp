// Tells the observers what was decided about deliveries of one subscription.
//
// Threads: any, under no lock.
#pragma once

#include <string>
#include <vector>

#include "pipeline/decide.hpp"
#include "service/plan.hpp"
#include "tidings/decision.hpp"
#include "tidings/executor.hpp"

namespace tidings::service {

// A delivery on its way out of the pipeline: what became of it, and what leaves with it.
struct Settling {
  transport::Delivery delivery;
  Envelope envelope;
  pipeline::Verdict verdict;
  std::vector<transport::Record> publishes;  // with Accept only
  bool confirms = false;                     // the inbox waits to hear that `publishes` are out
  int attempt = 0;                           // handler runs so far
  Duration took{};                           // the last of them
  int refusals = 0;                          // answers of the transport that a repetition should not change
};

// Given back, charged nothing.
Settling released(transport::Delivery delivery);

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
