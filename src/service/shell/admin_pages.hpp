// What the admin endpoint says about a service.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "service/shell/admin_endpoint.hpp"
#include "telemetry/metrics.hpp"
#include "tidings/bus.hpp"
#include "tidings/log.hpp"

namespace tidings::service {

enum class Phase { starting, running, draining };
std::string_view to_string(Phase phase);

// The state of a run, as seen from outside.
// Threads: any.
class Probe final {
 public:
  Probe(std::string service, Executor& executor, Log log);

  void enter(Phase phase) { phase_ = phase; }
  // The bus must live as long as anybody asks.
  void attach(Bus& bus) { bus_ = &bus; }

  const std::shared_ptr<telemetry::Metrics>& metrics() const { return metrics_; }

  // The process answers: a restart would not help.
  AdminResponse health() const;
  // 200: running, all subscriptions stand, the transport can be reached. 503: the JSON says what is missing.
  AdminResponse readiness() const;
  AdminResponse scrape() const;

 private:
  const std::string service_;
  Executor& executor_;
  const Log log_;
  const Time started_;
  const std::shared_ptr<telemetry::Metrics> metrics_ = std::make_shared<telemetry::Metrics>();
  std::atomic<Phase> phase_ = Phase::starting;
  std::atomic<Bus*> bus_ = nullptr;
};

// /healthz, /readyz, /metrics
AdminPages admin_pages(const std::shared_ptr<const Probe>& probe);

}  // namespace tidings::service
