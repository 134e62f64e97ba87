#include "service/shell/admin_pages.hpp"

#include <boost/describe.hpp>
#include <chrono>
#include <optional>
#include <vector>

#include "tidings/json.hpp"

namespace tidings::service {

// How long /readyz waits for the transport.
constexpr Duration kReadyWithin = std::chrono::seconds{2};

struct SubscriptionReadiness {
  std::string group;
  std::string subscription;
  bool live = false;
  std::optional<std::string> error;
};
BOOST_DESCRIBE_STRUCT(SubscriptionReadiness, (), (group, subscription, live, error))

struct TransportReadiness {
  bool reachable = false;
  std::optional<std::string> error;
};
BOOST_DESCRIBE_STRUCT(TransportReadiness, (), (reachable, error))

struct Readiness {
  bool ready = false;
  std::string service;
  std::string phase;
  TransportReadiness transport;
  std::vector<SubscriptionReadiness> subscriptions;
};
BOOST_DESCRIBE_STRUCT(Readiness, (), (ready, service, phase, transport, subscriptions))

namespace {

std::optional<std::string> message_of(const Result<void>& result) {
  return result ? std::nullopt : std::optional{result.error().message};
}

}  // namespace

std::string_view to_string(Phase phase) {
  switch (phase) {
    case Phase::starting:
      return "starting";
    case Phase::running:
      return "running";
    case Phase::draining:
      return "draining";
  }
  return "starting";
}

Probe::Probe(std::string service, Executor& executor, Log log)
    : service_{std::move(service)}, executor_{executor}, log_{std::move(log)}, started_{executor.now()} {}

AdminResponse Probe::health() const {
  return {.body = "{\"status\":\"ok\"}\n"};
}

AdminResponse Probe::readiness() const {
  const Phase phase = phase_;
  Readiness state{.ready = phase == Phase::running, .service = service_, .phase = std::string{to_string(phase)}};
  if (Bus* bus = bus_; bus != nullptr) {
    const auto reached = bus->transport().check(executor_.now() + kReadyWithin);
    state.transport = {static_cast<bool>(reached), message_of(reached)};
    state.ready = state.ready && reached;
    for (const Bus::SubscriptionState& each : bus->subscriptions()) {
      state.subscriptions.push_back(
          {each.group, each.subscription, static_cast<bool>(each.live), message_of(each.live)});
      state.ready = state.ready && each.live;
    }
  }
  return {.status = state.ready ? 200 : 503, .body = to_json(state).value_or("{\"ready\":false}") + "\n"};
}

AdminResponse Probe::scrape() const {
  using Kind = telemetry::Sample::Kind;
  const std::chrono::duration<double> started = started_.time_since_epoch();
  const std::vector<telemetry::Sample> samples{
      {.name = "tidings_service_info",
       .help = "Who this is",
       .value = 1,
       .labels = {{"service", service_}, {"version", TIDINGS_VERSION}}},
      {.name = "process_start_time_seconds", .help = "Start of the service", .value = started.count()},
      {.name = "log_lines_dropped_total",
       .help = "Log lines that nobody took in time",
       .kind = Kind::counter,
       .value = static_cast<double>(log_.dropped())}};
  return {.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = metrics_->render(samples)};
}

AdminPages admin_pages(const std::shared_ptr<const Probe>& probe) {
  return {{"/healthz", [probe] { return probe->health(); }},
          {"/readyz", [probe] { return probe->readiness(); }},
          {"/metrics", [probe] { return probe->scrape(); }}};
}

}  // namespace tidings::service
