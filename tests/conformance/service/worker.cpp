#include "tests/conformance/service/worker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "tests/conformance/service/mortal_inbox.hpp"
#include "tests/conformance/service/narrow_transport.hpp"

namespace tidings::conformance {

namespace {

constexpr const char* kSchema =
    "CREATE TABLE IF NOT EXISTS effects (id TEXT NOT NULL, instance TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS taken (number INTEGER UNIQUE); INSERT OR IGNORE INTO taken VALUES (0)";

// What a pretended process throws where a real one would be gone.
struct Ended {};

}  // namespace

Worker::Worker(WorkerPlan plan, WorkerHost host)
    : plan_{std::move(plan)},
      host_{std::move(host)},
      write_{host_.write ? host_.write
                         : [journal = Journal{host_.directory}](const Entry& entry) { journal.write(entry); }},
      mortal_{std::make_shared<Mortal>(plan_.dies_at, plan_.dies_after, host_.die, host_.lives)} {}

Result<std::unique_ptr<Worker>> Worker::start(const WorkerPlan& plan, WorkerHost host) {
  std::unique_ptr<Worker> worker{new Worker{plan, std::move(host)}};
  if (auto started = worker->start(); !started) return started.error();
  return worker;
}

Result<void> Worker::start() {
  BusOptions options{.name = plan_.group, .instance = plan_.instance, .observers = host_.observers};
  if (plan_.inbox) {
    auto database = Sqlite::open(database_in(host_.directory), {}, host_.executor);
    if (!database) return database.error();
    const auto made = database->script(kSchema);
    if (!made) return made;
    auto inbox = open_sqlite_inbox(*database);
    if (!inbox) return inbox.error();
    options.inbox = mortal_inbox(*std::move(inbox), mortal_, plan_.commits_refused);
  }
  options.observers.push_back([this](const Decision& decision) { note(decision); });
  transport::Capabilities capabilities = host_.transport->capabilities();
  capabilities.record_bytes_max = std::min(capabilities.record_bytes_max, plan_.record_bytes_max);
  bus_ = std::make_unique<Bus>(std::make_shared<NarrowTransport>(host_.transport, std::move(capabilities)),
                               host_.executor, std::move(options));
  bus_->publishes<Done>();
  bus_->on<Task>([this](const Task& task, Context& context) { return handle(task, context); }, this->options());
  bus_->on<Bomb>([](const Bomb&) {}, this->options());
  describe<Bomb>().object();  // has one for its defaults, and no other before the first is decoded
  Bomb::armed = [mortal = std::weak_ptr{mortal_}] {
    if (const auto living = mortal.lock(); living && !living->ended()) living->die();
  };
  return bus_->start();
}

On Worker::options() const {
  return {.retry = {.attempts_max = plan_.attempts_max,
                    .delay_first = plan_.delay_first,
                    .delay_max = plan_.delay_max,
                    .jitter = plan_.jitter},
          .timeout = plan_.timeout,
          .on_timeout = plan_.timeout_fails ? OnTimeout::fail : OnTimeout::report,
          .sharing = plan_.broadcast ? transport::Sharing::broadcast : transport::Sharing::shared,
          .concurrency = plan_.concurrency,
          .order = plan_.relaxed ? RetryOrder::relaxed : RetryOrder::strict,
          .start = transport::Start{plan_.from_end ? transport::StartAt::end : transport::StartAt::beginning},
          .unhandled = plan_.unhandled_dies ? Unwanted::dead_letter : Unwanted::skip,
          .require_id = plan_.requires_id ? Unwanted::dead_letter : Unwanted::skip,
          .in_flight_max = plan_.in_flight_max};
}

Result<void> Worker::stop() {
  return bus_->stop(host_.executor->now() + plan_.stop_within);
}

Result<void> Worker::handle(const Task& task, Context& context) {
  const bool trouble = task.trouble_in.empty() || task.trouble_in == plan_.group;
  note("begin", task, context);
  if (task.poison && trouble) {
    note("killing", task, context);
    mortal_->die();
    throw Ended{};
  }
  pass(task.takes);
  if (context.attempt() == 1) pass(task.first_takes);
  if (auto taken = publish(task, context); !taken) return taken;
  if (plan_.inbox) {
    if (auto left = leave_effect(context); !left) return left;
  }
  const bool refused = trouble && task.refused && !context.replayed();
  const bool failed = trouble && context.attempt() <= task.fails;
  if (failed && task.rolls_back) {
    note("failed", task, context);
    auto done = context.transaction<SqliteTransaction>().execute("INSERT OR ROLLBACK INTO taken VALUES (0)");
    return done ? unavailable("the statement was to fail") : done.error();
  }
  note(refused || failed ? "failed" : "end", task, context);
  if (refused) return invalid("the task asks to be refused");
  return failed ? fail(task) : Result<void>{};
}

Result<void> Worker::publish(const Task& task, Context& context) {
  const Done done{task.number, context.attempt(), plan_.group};
  for (int i = 0; i < task.publishes; ++i) {
    if (auto taken = context.publish(done); !taken) return taken;
  }
  for (const std::string& key : task.keys) {
    if (auto taken = context.publish(done, {.key = key}); !taken) return taken;
  }
  if (task.done_id.empty()) return {};
  return context.publish(done, {.id = task.done_id});
}

Result<void> Worker::fail(const Task& task) const {
  if (task.throws == "exception") throw std::runtime_error{"the task asks to throw"};
  if (task.throws == "other") throw task.number;
  return unavailable("the task asks to fail");
}

Result<void> Worker::leave_effect(Context& context) {
  auto left = context.transaction<SqliteTransaction>().execute("INSERT INTO effects VALUES (?, ?)", context.event_id(),
                                                               plan_.instance);
  if (!left) return left.error();
  if (!mortal_->pass("effect")) throw Ended{};
  return {};
}

// A handler takes what it takes, however the clock is set meanwhile.
void Worker::pass(std::chrono::milliseconds time) {
  Executor& executor = *host_.executor;
  const Duration end = executor.uptime() + time;
  while (executor.uptime() < end) executor.sleep_until(executor.now() + (end - executor.uptime()));
}

void Worker::note(const Decision& decision) {
  constexpr Step kWell[] = {Step::accepted, Step::published, Step::released, Step::marked, Step::retrying};
  const bool wanted = plan_.notes_accepted && decision.step == Step::accepted;
  if (ended() || (std::ranges::count(kWell, decision.step) > 0 && !wanted)) return;
  write_({.step = "decided",
          .instance = plan_.instance,
          .group = plan_.group,
          .id = std::string{decision.event_id},
          .key = std::string{decision.key},
          .attempt = decision.attempt,
          .at = decision.at,
          .decision = fmt::format("{} {}", to_string(decision.step), to_string(decision.reason))});
}

void Worker::note(const char* step, const Task& task, const Context& context) {
  if (ended()) throw Ended{};
  write_({.step = step,
          .instance = plan_.instance,
          .group = plan_.group,
          .id = context.event_id(),
          .key = context.aggregate_id(),
          .number = task.number,
          .attempt = context.attempt(),
          .at = host_.executor->now()});
}

}  // namespace tidings::conformance
