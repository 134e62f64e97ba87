#include "tests/sim/cast.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "service/shell/drain_time.hpp"
#include "tidings/bus.hpp"
#include "transport/memory/memory_transport.hpp"

namespace tidings::sim {

using conformance::kTasks;
using service::kDrainGrace;

namespace {

constexpr Duration kHeard = std::chrono::milliseconds{200};  // after which a process knows that it lost its connection
constexpr Duration kDeaf = Duration::max();                  // as long as it is away
constexpr Duration kLinger = std::chrono::seconds{1};

// Only pretended processes die: no disk is needed.
std::filesystem::path memory_directory() {
  const std::filesystem::path memory = "/dev/shm";
  return std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path();
}

}  // namespace

Stage::Stage(const Scenario& the_scenario)
    : scenario{the_scenario},
      executor{std::make_shared<testing::SimulatedExecutor>(the_scenario.seed)},
      broker{memory::MemoryBroker::make(executor, the_scenario.broker)},
      scratch{memory_directory()} {}

void Stage::bury_the_dead() {
  for (const auto& [life, group] : std::map{living}) {
    if (broker->lives(life)) continue;
    living.erase(life);
    ++account.crashes[group];
    account.disturbed.insert(group);
    record({.step = "crash", .instance = life, .group = group, .at = now()});
  }
}

// Whoever loses its connection may work on until it hears of that.
void Stage::find_the_lost() {
  const Duration uptime = executor->uptime();
  for (const auto& [life, group] : living) {
    const std::uint64_t losses = broker->losses(life);
    const bool is_away = losses > 0 && !broker->check(life);
    if (std::exchange(losses_[life], losses) != losses || is_away) {
      account.disturbed.insert(group);
      if (deaf_until_.emplace(life, kDeaf).second)
        record({.step = "stale", .instance = life, .group = group, .at = now()});
      deaf_until_[life] = is_away ? kDeaf : uptime + kHeard;
    } else if (const auto deaf = deaf_until_.find(life); deaf != deaf_until_.end() && deaf->second == kDeaf) {
      deaf->second = uptime + kHeard;  // it is back
    } else if (deaf != deaf_until_.end() && deaf->second <= uptime) {
      record({.step = "fresh", .instance = life, .group = group, .at = now()});
      deaf_until_.erase(deaf);
    }
  }
}

// A handler that goes on beyond a drain's deadline is left alone: others have its partition from then on.
void Stage::find_who_leaves() {
  for (const auto& [life, deadline] : std::map{leaving}) {
    if (executor->uptime() < deadline) continue;
    leaving.erase(life);
    record({.step = "stale", .instance = life, .at = now()});
  }
}

void Stage::read_tasks() {
  const auto kept = broker->look(
      [&](const memory::Deployment& deployment) { return deployment.read({.topic = kTasks}, read_to_, SIZE_MAX); });
  if (!kept) return;  // there is no such topic yet
  for (const memory::Kept& each : *kept) {
    account.tasks.push_back({.position = each->position(), .record = each->record()});
    read_to_ = each->position().offset;
  }
}

void Stage::look() {
  read_tasks();
  bury_the_dead();
  find_the_lost();
  find_who_leaves();
}

void Stage::note(Entry entry) {
  look();
  record(std::move(entry));
}

void Stage::note(const char* step, std::string instance, std::string group, std::string id) {
  note({.step = step, .instance = std::move(instance), .group = std::move(group), .id = std::move(id), .at = now()});
}

void Stage::record(Entry entry) {
  account.trace += fmt::format("{} {} {} {} {} {}\n", (entry.at - testing::SimulatedExecutor::kStart).count(),
                               entry.step, entry.instance, entry.group, entry.id, entry.attempt);
  account.entries.push_back(std::move(entry));
}

void Stage::decided(const std::string& life, const Decision& decision) {
  if (decision.subscription != kTasks || !broker->lives(life)) return;
  look();
  account.trace +=
      fmt::format("{} decided {} {} {} {}/{} {} {} {}\n", (decision.at - testing::SimulatedExecutor::kStart).count(),
                  to_string(decision.step), to_string(decision.reason), life, decision.position.partition,
                  decision.position.offset, decision.event_id, decision.attempt, decision.crashes);
  account.decisions.push_back({.step = decision.step,
                               .reason = decision.reason,
                               .life = life,
                               .group = std::string{decision.group},
                               .position = decision.position,
                               .id = std::string{decision.event_id},
                               .attempt = decision.attempt,
                               .crashes = decision.crashes,
                               .after = account.entries.size()});
}

std::int64_t Stage::last_offset() const {
  return broker->look([](const memory::Deployment& deployment) { return deployment.topics().last_offset(); });
}

Result<void> Post::begin() {
  if (worker_ != nullptr) former_.push_back(std::move(worker_));
  WorkerPlan plan = this->plan();
  life_ = fmt::format("{}-{}.{}", plan.group, number_, ++lives_);
  plan.instance = life_;
  if (number_ > 0 || lives_ > 1) plan.dies_at.clear();
  const std::int64_t head = stage_.last_offset();
  if (auto started = start(plan); !started) return started;
  if (plan.from_end || plan.broadcast)
    stage_.account.heads.emplace(plan.broadcast ? life_ : plan.group, Head{head, stage_.last_offset()});
  stage_.note("begins", life_, plan.group);
  return {};
}

Result<void> Post::start(const WorkerPlan& plan) {
  const auto die = [&stage = stage_, life = life_] {
    stage.broker->crash(life);
    stage.look();
  };
  auto transport = stage_.broker->open(life_);
  stage_.living[life_] = plan.group;
  auto worker = conformance::Worker::start(
      plan, {.transport = std::move(transport),
             .executor = stage_.executor,
             .directory = stage_.scratch.path(),
             .die = die,
             .lives = [broker = stage_.broker, life = life_] { return broker->lives(life); },
             .write = [&stage = stage_](const Entry& entry) { stage.note(entry); },
             .observers = {[&stage = stage_, life = life_](const Decision& each) { stage.decided(life, each); }}});
  if (!worker) return worker.error();
  worker_ = *std::move(worker);
  return {};
}

Result<void> Post::drain() {
  if (worker_ == nullptr) return {};
  stage_.note("drains", life_, plan().group);
  const Duration began = stage_.executor->uptime();
  stage_.leaving[life_] = began + plan().stop_within;
  auto stopped = worker_->stop();
  if (stopped) stage_.leaving.erase(life_);
  const Duration took = stage_.executor->uptime() - began;
  if (took > plan().stop_within + kDrainGrace)
    stage_.account.complaints.push_back(fmt::format("P8: {} drained for {} ms", life_, took.count() / 1'000));
  if (dead()) stopped = {};  // it met what killed it
  stage_.note("drained", life_, plan().group);
  // Nothing begins there any more: what does is written down.
  stage_.executor->sleep_until(stage_.now() + kLinger);
  if (!stopped) crash();  // a process that could not drain ends all the same
  stage_.living.erase(life_);
  former_.push_back(std::move(worker_));
  return stopped;
}

void Post::crash() {
  if (worker_ == nullptr || dead()) return;
  stage_.broker->crash(life_);
  worker_->end();
  stage_.look();
}

bool Post::dead() const {
  return worker_ != nullptr && !stage_.broker->lives(life_);
}

Result<void> Client::begin() {
  if (bus_ != nullptr) {
    former_.push_back(std::move(bus_));
    former_publishers_.push_back(std::move(publisher_));
  }
  life_ = fmt::format("client-{}", ++lives_);
  const transport::PublisherOptions options{.buffer_records_max = stage_.scenario.buffer_records_max};
  bus_ = std::make_unique<Bus>(stage_.broker->open(life_), stage_.executor,
                               BusOptions{.name = "client", .instance = life_, .publisher = options});
  bus_->publishes<Task>();
  if (auto started = bus_->start(); !started) return started;
  auto publisher = bus_->transport().publisher({});
  if (!publisher) return publisher.error();
  publisher_ = *std::move(publisher);
  waiting_ = kept_ = 0;
  return {};
}

void Client::crash() {
  stage_.broker->crash(life_);
  refused_.clear();
  stage_.note("crash", life_);
}

void Client::publish(const Sending& sending) {
  send(sending);
  stage_.account.unanswered_max = std::max(stage_.account.unanswered_max, kept_);
}

void Client::send(const Sending& sending) {
  Told& told = stage_.account.told[sending.id];
  ++told.tries;
  ++waiting_;
  if (sending.kind == Sending::Kind::task) ++kept_;
  const auto answered = [this, life = life_, sending](const Result<void>& outcome) { answer(life, sending, outcome); };
  if (sending.kind == Sending::Kind::task) {
    return bus_->publish_async(sending.task, {.id = sending.id, .aggregate_id = sending.key}, answered);
  }
  transport::Record record{.topic = kTasks, .key = sending.key, .id = sending.id, .type = "Task"};
  record.content_type = "application/json";
  record.body = "{\"eventId\": no JSON";
  if (sending.kind == Sending::Kind::unhandled) {
    record.type = "Unheard";
    record.body = fmt::format(R"({{"eventId":"{}","eventType":"Unheard","data":{{}}}})", sending.id);
  }
  std::vector<transport::Record> batch;
  batch.push_back(std::move(record));
  publisher_->send(std::move(batch), [answered](std::size_t, const Result<void>& outcome) { answered(outcome); });
}

void Client::answer(const std::string& life, const Sending& sending, const Result<void>& outcome) {
  if (life != life_ || !stage_.broker->lives(life)) return;  // nobody is there to hear it
  --waiting_;
  if (sending.kind == Sending::Kind::task) --kept_;
  if (!outcome) return refused_.push_back(sending);
  Told& told = stage_.account.told[sending.id];
  told.confirmed = true;
  told.when = ++confirmed_;
  stage_.note("confirmed", life, {}, sending.id);
}

void Client::publish_refused() {
  for (const Sending& sending : std::exchange(refused_, {})) publish(sending);
}

}  // namespace tidings::sim
