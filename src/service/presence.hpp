// Tells the deployment that this instance is here: a record in Control that expires when it is gone.
//
// Owns:    one thread, which writes `instances/<instance>` every BusOptions::discovery.
// Format:  docs/wire.md, "Control".
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "service/engine.hpp"
#include "service/plan.hpp"

namespace tidings::service {

class Presence final {
 public:
  Presence(std::shared_ptr<Engine> engine, std::string value);
  ~Presence();  // says good-bye
  Presence(const Presence&) = delete;
  Presence& operator=(const Presence&) = delete;

 private:
  void run();
  void write();

  std::shared_ptr<Engine> engine_;
  const std::string key_;
  const std::string value_;
  std::mutex mutex_;
  std::unique_ptr<Condition> stop_;
  bool stopping_ = false;
  std::unique_ptr<Thread> thread_;
};

// Who we are, as JSON: service, instance, host, pid, build, admin address, subscriptions, published types.
std::string presence_value(const BusOptions& options, const std::vector<SubscriptionPlan>& plans,
                           const std::vector<const EventType*>& published, Time started);

// The first store that a group's inbox names is the group's for ever (Control key `inbox/<group>`).
// invalid: this one is another.
Result<void> claim_inbox(transport::Control& control, const std::string& group, const std::string& store_id);

}  // namespace tidings::service
