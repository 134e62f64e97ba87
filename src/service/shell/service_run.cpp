#include "service/shell/service_run.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <exception>
#include <fstream>

#include "service/configuration/secrets.hpp"
#include "service/handle/log_scope_wrap.hpp"
#include "service/shell/admin_endpoint.hpp"
#include "service/shell/admin_pages.hpp"
#include "service/shell/drain_time.hpp"
#include "service/shell/drain_watchdog.hpp"
#include "service/shell/stop_signals.hpp"
#include "telemetry/decision_log.hpp"
#include "telemetry/metrics.hpp"
#include "text/duration_text.hpp"
#include "tidings/transport/linked.hpp"

namespace tidings::service {
namespace {

// How long the last log lines may take to leave.
constexpr Duration kLogPatience = std::chrono::milliseconds{500};

int exit_code_of(const Error& error) {
  return error.kind == ErrorKind::unavailable || error.kind == ErrorKind::overloaded ? kExitUnavailable : kExitFailed;
}

[[noreturn]] void end_process(const Log& log, Executor& executor, int code) {
  log.flush(executor.now() + kLogPatience);
  _exit(code);
}

Result<void> run_body(const Background& background, Bus& bus, std::stop_token stop) {
  try {
    return background.body(bus, std::move(stop));
  } catch (const std::exception& thrown) {
    return unavailable(thrown.what());
  } catch (...) {
    return unavailable("something was thrown that is no std::exception");
  }
}

// The threads of background bodies. Each gets the stop token; the destructor waits for all of them.
class Backgrounds final {
 public:
  explicit Backgrounds(const RunSpec& spec) : spec_{spec}, changed_{spec.executor->condition()} {}
  ~Backgrounds() { source_.request_stop(); }

  void start(Bus& bus) {
    running_ = spec_.backgrounds.size();
    for (const Background& background : spec_.backgrounds) {
      threads_.push_back(spec_.executor->spawn(background.name, [this, &background, &bus] {
        const auto done = run_body(background, bus, source_.get_token());
        if (!done) {
          spec_.log.error("background work failed; the service ends", {{"background", background.name},
                                                                       {"error_kind", to_string(done.error().kind)},
                                                                       {"error", done.error().message}});
          spec_.stop.request(kExitFailed);
        }
        const std::lock_guard lock{mutex_};
        --running_;
        changed_->notify_all();
      }));
    }
  }

  void request_stop() { source_.request_stop(); }

  // False: one still runs when no time is left.
  bool wait(const Countdown& left) {
    std::unique_lock lock{mutex_};
    return wait_until(*changed_, lock, left, [&] { return running_ == 0; });
  }

 private:
  const RunSpec& spec_;
  std::stop_source source_;
  std::mutex mutex_;
  std::unique_ptr<Condition> changed_;
  std::size_t running_ = 0;
  std::vector<std::unique_ptr<Thread>> threads_;
};

// Others read it only when it is complete.
Result<void> write_port_file(const std::string& path, int port) {
  const std::string fresh = path + ".new";
  {
    std::ofstream file{fresh};
    file << port << '\n';
    file.flush();
    if (!file) return unavailable(fmt::format("{} cannot be written; check --admin-port-file", fresh));
  }
  if (std::rename(fresh.c_str(), path.c_str()) != 0)
    return unavailable(fmt::format("{} cannot be renamed to {}; check --admin-port-file", fresh, path));
  return {};
}

class Run final {
 public:
  explicit Run(const RunSpec& spec) : spec_{spec} {}

  int operator()() {
    auto signals = StopSignals::open(*spec_.executor, [this](int signal, int nth) { on_signal(signal, nth); });
    if (!signals) return failed(signals.error(), kExitFailed);
    spec_.log.info("starting", {{"transport", mask_url(spec_.settings.transport)}});
    auto transport = transport::open(spec_.settings.transport, spec_.executor);
    if (!transport) {
      const bool usage = transport.error().kind == ErrorKind::invalid;  // the URL
      return failed(transport.error(), usage ? kExitUsage : exit_code_of(transport.error()));
    }
    if (auto opened = open_admin(); !opened) return failed(opened.error(), kExitFailed);
    bus_ = std::make_unique<Bus>(*std::move(transport), spec_.executor, bus_options());
    static_cast<Contract&>(*bus_) = spec_.contract;
    bus_->wrap(log_scope_wrap);
    probe_->attach(*bus_);
    return serve(*bus_);
  }

 private:
  int serve(Bus& bus) {
    watchdog_.waiting_for("the transport, to start");
    if (auto started = bus.start(); !started) return failed(started.error(), exit_code_of(started.error()));
    for (const std::string& line : bus.describe_pipelines()) spec_.log.debug("pipeline", {{"stages", line}});
    Backgrounds backgrounds{spec_};
    backgrounds.start(bus);
    probe_->enter(Phase::running);
    spec_.log.info("running", {{"transport", mask_url(spec_.settings.transport)}, {"admin", admin_text()}});
    spec_.stop.wait();
    probe_->enter(Phase::draining);
    drain(bus, backgrounds);
    admin_.reset();  // it looks at the bus
    bus_.reset();
    spec_.log.info("stopped");
    spec_.log.flush(spec_.executor->now() + kLogPatience);
    return spec_.stop.exit_code();
  }

  void drain(Bus& bus, Backgrounds& backgrounds) {
    const DrainTime time{*spec_.executor, spec_.settings.drain_deadline};
    spec_.log.info("draining", {{"within", text::duration_text(spec_.settings.drain_deadline)}});
    watchdog_.waiting_for("what was in flight, and to leave the groups");
    watchdog_.arm(time.expires());
    backgrounds.request_stop();
    const auto stopped = bus.stop(time.left().end());
    watchdog_.waiting_for("background work");
    const bool ended = backgrounds.wait(time.left());
    watchdog_.waiting_for("the transport, to close");
    if (stopped && ended) return watchdog_.arm(time.close_expires());
    spec_.log.error("not everything ended by the drain's deadline; what is unsettled will be handled again",
                    {{"error", stopped ? "background work still runs" : std::string_view{stopped.error().message}}});
    end_process(spec_.log, *spec_.executor, kExitFailed);
  }

  void on_expired(std::string_view waiting_for) {
    spec_.log.error("the service does not end: stopping at once; what is unsettled will be handled again",
                    {{"waiting_for", waiting_for}});
    end_process(spec_.log, *spec_.executor, kExitFailed);
  }

  void on_signal(int signal, int nth) {
    if (nth > 1) {
      spec_.log.warn("a second signal: stopping at once", {{"signal", signal}});
      end_process(spec_.log, *spec_.executor, 128 + signal);
    }
    spec_.log.info("told to stop", {{"signal", signal}});
    // The start may not be over, and wait for the transport.
    watchdog_.arm(DrainTime{*spec_.executor, spec_.settings.drain_deadline}.expires());
    spec_.stop.request(kExitDone);
  }

  Result<void> open_admin() {
    if (!spec_.settings.admin) return {};
    auto opened = AdminEndpoint::open(spec_.executor, *spec_.settings.admin, admin_pages(probe_));
    if (!opened) return opened.error();
    admin_ = *std::move(opened);
    if (spec_.settings.admin_port_file.empty()) return {};
    return write_port_file(spec_.settings.admin_port_file, admin_->port());
  }

  std::string admin_text() const {
    if (!admin_) return "";
    const std::string& host = spec_.settings.admin->host;
    return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, admin_->port())
                                               : fmt::format("[{}]:{}", host, admin_->port());
  }

  BusOptions bus_options() const {
    BusOptions options;
    options.name = spec_.name;
    options.instance = spec_.settings.instance;
    options.build = TIDINGS_VERSION;
    options.admin = admin_text();
    options.inbox = spec_.inbox;
    options.on_trouble = [log = spec_.log](const Trouble& trouble) {
      const bool again = trouble.then == Trouble::Then::again;
      log.warn(again ? "something outside does not work; it is tried again"
                     : "something outside is not as this service wants it; it stays so, and the service goes on",
               {{"subscription", trouble.subscription},
                {"doing", trouble.doing},
                {"error_kind", to_string(trouble.error.kind)},
                {"error", trouble.error.message}});
    };
    options.observers = {telemetry::count_decisions(probe_->metrics()), telemetry::log_decisions(spec_.log)};
    return options;
  }

  int failed(const Error& error, int code) const {
    spec_.log.error("the service cannot run", {{"error_kind", to_string(error.kind)}, {"error", error.message}});
    spec_.log.flush(spec_.executor->now() + kLogPatience);
    return code;
  }

  const RunSpec& spec_;
  const std::shared_ptr<Probe> probe_ = std::make_shared<Probe>(spec_.name, *spec_.executor, spec_.log);
  DrainWatchdog watchdog_{spec_.executor, [this](std::string_view what) { on_expired(what); }};  // until all is closed
  std::unique_ptr<Bus> bus_;
  std::unique_ptr<AdminEndpoint> admin_;  // looks at the bus: goes before it
};

}  // namespace

void StopRequest::request(int exit_code) {
  const std::lock_guard lock{mutex_};
  requested_ = true;
  if (exit_code_ == kExitDone) exit_code_ = exit_code;
  changed_->notify_all();
}

void StopRequest::wait() {
  std::unique_lock lock{mutex_};
  changed_->wait_until(lock, kNever, executor_, [&] { return requested_; });
}

int StopRequest::exit_code() const {
  const std::lock_guard lock{mutex_};
  return exit_code_;
}

int run_service(const RunSpec& spec) {
  return Run{spec}();
}

}  // namespace tidings::service
