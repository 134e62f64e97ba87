// Tells the deployment that this instance is here: a record in Control that expires when it is gone.
//
// Owns:    one thread, which writes `instances/<instance>` every BusOptions::discovery, and says good-bye at the end.
// Format:  docs/wire.md, "Control".
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/countdown.hpp"
#include "service/engine/engine.hpp"
#include "service/plan/plan.hpp"

namespace tidings::service {

class Presence final {
 public:
  Presence(std::shared_ptr<Engine> engine, std::string value);
  ~Presence();  // stop(kCloseWithin)
  Presence(const Presence&) = delete;
  Presence& operator=(const Presence&) = delete;

  // Says good-bye. False: not in time; the thread ends when the transport answers, the record expires anyway.
  bool stop(const Countdown& left);

 private:
  class Teller;

  const std::shared_ptr<Executor> executor_;
  const std::shared_ptr<Teller> teller_;
  bool told_ = false;  // to stop
};

// Who we are, as JSON: service, instance, host, pid, build, admin address, subscriptions, published types.
std::string presence_value(const BusOptions& options, const std::vector<SubscriptionPlan>& plans,
                           const std::vector<const EventType*>& published, Time started);

}  // namespace tidings::service
