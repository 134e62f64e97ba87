#include "tests/sim/fleet.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>

#include "tidings/bus.hpp"
#include "tidings/describe.hpp"
#include "tidings/testing/simulated_executor.hpp"
#include "transport/memory/memory_broker.hpp"
#include "transport/memory/memory_transport.hpp"

namespace tidings::sim {

struct Job {
  int number = 0;
};
BOOST_DESCRIBE_STRUCT(Job, (), (number))

}  // namespace tidings::sim

template <>
inline constexpr tidings::EventInfo tidings::event_info<tidings::sim::Job>{.type = "Job", .topic = "jobs"};

namespace tidings::sim {

namespace {

using namespace std::chrono_literals;
using testing::SimulatedExecutor;

constexpr Duration kPulse = 100ms;          // between two batches of the publisher
constexpr Duration kStopWithin = 20s;       // of a drain
constexpr Duration kAway = 10s;             // of who crashed, or was restarted
constexpr Duration kBalancedWithin = 1min;  // all have their share after somebody came
constexpr Duration kSettledWithin = 10min;  // after the last event
constexpr Duration kLook = 10ms;
constexpr std::size_t kBrokenMax = 20;  // promises that are told

// What handlers do, seen from outside: order, overlap, waits.
class Witness final {
 public:
  // Waits are of this stage from now on.
  void begin_stage(std::string name) { stages_.push_back({std::move(name), {}}); }

  void published(int number, int key, Time now) {
    if (static_cast<std::size_t>(number) >= jobs_.size()) jobs_.resize(static_cast<std::size_t>(number) + 1);
    jobs_[static_cast<std::size_t>(number)] = {.key = key, .published = now};
  }
  void confirmed(int number, const Result<void>& outcome) {
    if (!outcome) broken(fmt::format("P1: {} is not confirmed: {}", number, outcome.error().message));
  }
  void began(int number, const std::string& life, Time now) {
    Seen& job = jobs_.at(static_cast<std::size_t>(number));
    Lane& lane = lanes_[job.key];
    if (!lane.runs_in.empty())
      broken(fmt::format("P4: {} begins in {} while {} runs in {}", number, life, lane.number, lane.runs_in));
    lane.runs_in = life;
    lane.number = number;
    if (job.runs++ > 0) return void(++repeated_);
    if (number < lane.last) broken(fmt::format("P4: {} begins behind {}", number, lane.last));
    lane.last = number;
    stages_.back().waits.push_back(now - job.published);
  }
  void ended(int number) {
    Seen& job = jobs_.at(static_cast<std::size_t>(number));
    ++job.ends;
    lanes_[job.key].runs_in.clear();
  }
  // What ran there runs no more.
  void crashed(const std::string& life) {
    for (auto& [key, lane] : lanes_) {
      if (lane.runs_in == life) lane.runs_in.clear();
    }
  }
  void broken(std::string what) {
    if (broken_.size() < kBrokenMax) broken_.push_back(std::move(what));
  }

  void tell(FleetFigures& figures) {
    for (std::size_t number = 0; number < jobs_.size(); ++number) {
      if (jobs_[number].ends == 0) broken(fmt::format("P1: {} is lost", number));
    }
    for (Stage& stage : stages_) figures.waits.push_back(waits_of(stage));
    figures.events = jobs_.size();
    figures.repeated = repeated_;
    figures.broken = broken_;
  }

 private:
  struct Seen {
    int key = 0;
    Time published{};
    int runs = 0;
    int ends = 0;
  };
  struct Lane {
    std::string runs_in;  // empty: nothing runs
    int number = 0;
    int last = -1;
  };
  struct Stage {
    std::string name;
    std::vector<Duration> waits;
  };

  static Waits waits_of(Stage& stage) {
    Waits waits{.name = stage.name, .events = stage.waits.size(), .median = {}, .p99 = {}, .most = {}};
    if (stage.waits.empty()) return waits;
    std::ranges::sort(stage.waits);
    waits.median = stage.waits[stage.waits.size() / 2];
    waits.p99 = stage.waits[stage.waits.size() * 99 / 100];
    waits.most = stage.waits.back();
    return waits;
  }

  std::vector<Seen> jobs_;
  std::map<int, Lane> lanes_;  // by key
  std::vector<Stage> stages_;
  std::size_t repeated_ = 0;
  std::vector<std::string> broken_;
};

class Fleet final {
 public:
  explicit Fleet(const FleetPlan& plan)
      : plan_{plan},
        random_{plan.seed},
        executor_{std::make_shared<SimulatedExecutor>(plan.seed)},
        broker_{memory::MemoryBroker::make(
            executor_, {.records_max = SIZE_MAX / 2, .bytes_max = SIZE_MAX / 2, .partitions = plan.partitions})},
        outside_{broker_->open("outside")} {}

  FleetFigures run();

 private:
  struct Instance {
    std::string life;
    std::unique_ptr<Bus> bus;
    int lives = 0;
  };

  void start(std::size_t place);
  void stop(std::size_t place);
  void crash(std::size_t place);
  Result<void> handle(const std::string& life, const Job& job, Duration takes);
  Duration draw_time();
  Duration draw_below(Duration bound);

  void publish(Time end);
  void publish_pulse(int count);

  void live_through_the_hour();
  void restart_all(Time end);
  void crash_some(Time end);
  void scale(Time end);
  void wait_until(Time time) { executor_->sleep_until(std::max(time, executor_->now())); }
  // Until some moment of the pulse that begins then, while others handle what it brought.
  void wait_about(Time time) { wait_until(time + draw_below(kPulse)); }
  bool wait_balanced();
  void wait_settled();
  std::uint64_t assignments() const;
  void moved(const std::string& name, std::uint64_t assignments_before, Duration took);

  const FleetPlan plan_;
  std::mt19937_64 random_;
  const std::shared_ptr<SimulatedExecutor> executor_;
  const std::shared_ptr<memory::MemoryBroker> broker_;
  const std::unique_ptr<transport::Transport> outside_;
  Witness witness_;
  std::vector<Instance> instances_;
  std::unique_ptr<Bus> client_;
  int published_ = 0;
  std::map<std::string, Moves> moves_;
};

FleetFigures Fleet::run() {
  witness_.begin_stage("all begin");
  instances_.resize(static_cast<std::size_t>(plan_.instances));
  for (std::size_t place = 0; place < instances_.size(); ++place) start(place);
  client_ = std::make_unique<Bus>(broker_->open("client"), executor_, BusOptions{.name = "client"});
  client_->publishes<Job>();
  if (auto started = client_->start(); !started) witness_.broken(started.error().message);
  if (!wait_balanced()) witness_.broken("not all have their share at the beginning");
  const Time end = executor_->now() + plan_.lasts;
  const auto publisher = executor_->spawn("publisher", [this, end] { publish(end); });
  witness_.begin_stage("steady");
  if (!plan_.steady) live_through_the_hour();
  wait_until(end);
  wait_settled();
  for (std::size_t place = 0; place < instances_.size(); ++place) instances_[place].bus.reset();
  client_.reset();
  FleetFigures figures;
  witness_.tell(figures);
  for (const auto& [name, moves] : moves_) figures.moves.push_back(moves);
  return figures;
}

void Fleet::start(std::size_t place) {
  Instance& instance = instances_[place];
  instance.life = fmt::format("i{}.{}", place, ++instance.lives);
  instance.bus = std::make_unique<Bus>(
      broker_->open(instance.life), executor_,
      BusOptions{.name = "fleet", .instance = instance.life, .discovery = std::chrono::minutes{5}});
  instance.bus->on<Job>([this, life = instance.life](const Job& job) { return handle(life, job, draw_time()); },
                        {.concurrency = plan_.lanes});
  if (auto started = instance.bus->start(); !started) witness_.broken(started.error().message);
}

void Fleet::stop(std::size_t place) {
  if (auto stopped = instances_[place].bus->stop(executor_->now() + kStopWithin); !stopped)
    witness_.broken("P8: " + stopped.error().message);
  instances_[place].bus.reset();
}

void Fleet::crash(std::size_t place) {
  broker_->crash(instances_[place].life);
  witness_.crashed(instances_[place].life);
}

Result<void> Fleet::handle(const std::string& life, const Job& job, Duration takes) {
  if (!broker_->lives(life)) return unavailable("the process is dead");
  witness_.began(job.number, life, executor_->now());
  executor_->sleep_until(executor_->now() + takes);
  if (broker_->lives(life)) witness_.ended(job.number);
  return {};
}

Duration Fleet::draw_time() {
  const auto least = Duration{plan_.handler} / 2;
  return least + draw_below(2 * least + Duration{1});
}

Duration Fleet::draw_below(Duration bound) {
  return Duration{static_cast<Duration::rep>(random_() % static_cast<std::uint64_t>(bound.count()))};
}

void Fleet::publish(Time end) {
  const double of_pulse = plan_.events_per_second * std::chrono::duration<double>{kPulse}.count();
  double due = 0;
  for (Time next = executor_->now(); next < end; next += kPulse) {
    wait_until(next);
    due += of_pulse;
    publish_pulse(static_cast<int>(due));
    due -= static_cast<int>(due);
  }
}

void Fleet::publish_pulse(int count) {
  for (int i = 0; i < count; ++i) {
    const int number = published_++;
    const int key = static_cast<int>(random_() % static_cast<std::uint64_t>(plan_.keys));
    witness_.published(number, key, executor_->now());
    client_->publish_async(Job{number}, {.aggregate_id = fmt::format("k{}", key)},
                           [this, number](const Result<void>& outcome) { witness_.confirmed(number, outcome); });
  }
}

// Six parts: quiet, two in which all are restarted, one with crashes, one in which a quarter goes and comes, quiet.
void Fleet::live_through_the_hour() {
  const Time begin = executor_->now();
  const auto part = [&](int number) { return begin + plan_.lasts * number / 6; };
  wait_until(part(1));
  witness_.begin_stage("all are restarted, one after another");
  restart_all(part(3));
  witness_.begin_stage("some crash");
  crash_some(part(4));
  witness_.begin_stage("a quarter goes, and comes back");
  scale(part(5));
  witness_.begin_stage("steady again");
}

void Fleet::restart_all(Time end) {
  const Time begin = executor_->now();
  for (std::size_t place = 0; place < instances_.size(); ++place) {
    wait_about(begin + (end - begin) * static_cast<int>(place) / plan_.instances);
    std::uint64_t before = assignments();
    Time went = executor_->now();
    stop(place);
    moved("one drains and ends", before, executor_->now() - went);
    before = assignments();
    went = executor_->now();
    start(place);
    if (!wait_balanced()) witness_.broken("not all have their share after a restart");
    moved("one comes", before, executor_->now() - went);
  }
  wait_until(end);
}

void Fleet::crash_some(Time end) {
  const Time begin = executor_->now();
  for (int i = 0; i < plan_.crashes; ++i) {
    wait_about(begin + (end - begin) * i / plan_.crashes);
    const std::size_t place = random_() % instances_.size();
    const std::uint64_t before = assignments();
    const Time went = executor_->now();
    crash(place);
    if (!wait_balanced()) witness_.broken("not all have their share after a crash");
    moved("one crashes", before, executor_->now() - went);
    instances_[place].bus.reset();
    wait_until(went + kAway);
    start(place);
  }
  wait_until(end);
}

void Fleet::scale(Time end) {
  const Time begin = executor_->now();
  const std::size_t quarter = instances_.size() / 4;
  const Time middle = begin + (end - begin) / 2;
  for (std::size_t place = 0; place < quarter; ++place) {
    wait_about(begin + (middle - begin) * static_cast<int>(place) / static_cast<int>(quarter));
    stop(place);
  }
  wait_about(middle);
  const std::uint64_t before = assignments();
  const Time came = executor_->now();
  for (std::size_t place = 0; place < quarter; ++place) start(place);
  if (!wait_balanced()) witness_.broken("not all have their share after many came");
  moved("a quarter comes at once", before, executor_->now() - came);
  wait_until(end);
}

// Waits until nobody has to give anything up any more.
bool Fleet::wait_balanced() {
  const Time deadline = executor_->now() + kBalancedWithin;
  const auto is_balanced = [](const memory::Deployment& deployment) { return !deployment.is_handing_over(); };
  while (!broker_->look(is_balanced)) {
    if (executor_->now() >= deadline) return false;
    executor_->sleep_until(executor_->now() + kLook);
  }
  return true;
}

void Fleet::wait_settled() {
  const Time deadline = executor_->now() + kSettledWithin;
  const auto left = [this] {
    std::uint64_t unsettled = 0;
    const auto lags = outside_->operations().topology->lag().value();
    for (const transport::LagState& lag : lags) unsettled += lag.unsettled;
    return unsettled;
  };
  while (left() > 0 && executor_->now() < deadline) executor_->sleep_until(executor_->now() + 1s);
  if (left() > 0) witness_.broken(fmt::format("P10: {} events are not settled", left()));
}

std::uint64_t Fleet::assignments() const {
  return broker_->look([](const memory::Deployment& deployment) { return deployment.assignments(); });
}

void Fleet::moved(const std::string& name, std::uint64_t assignments_before, Duration took) {
  Moves& moves = moves_[name];
  moves.name = name;
  const double sum = moves.partitions * static_cast<double>(moves.times);
  ++moves.times;
  moves.partitions = (sum + static_cast<double>(assignments() - assignments_before)) / static_cast<double>(moves.times);
  moves.longest = std::max(moves.longest, std::chrono::duration_cast<std::chrono::milliseconds>(took));
}

}  // namespace

FleetFigures carry_out(const FleetPlan& plan) {
  return Fleet{plan}.run();
}

}  // namespace tidings::sim
