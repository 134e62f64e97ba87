#include "tidings/testing/harness.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <set>
#include <stdexcept>

#include "testing/faulty_handlers.hpp"
#include "tidings/codec.hpp"
#include "tidings/testing/simulated_executor.hpp"
#include "tidings/type_name.hpp"
#include "tidings/uuid.hpp"
#include "transport/event_record.hpp"
#include "transport/memory/memory_broker.hpp"

namespace tidings::testing {

namespace {

constexpr const char* kProcess = "service";  // of the service, for the broker
constexpr const char* kOutside = "outside";  // where other services are
constexpr std::size_t kPageSize = 1'000;

Decided kept(const Decision& decision) {
  Decided copy{.step = decision.step,
               .reason = decision.reason,
               .group = std::string{decision.group},
               .subscription = std::string{decision.subscription},
               .event_id = std::string{decision.event_id},
               .type = std::string{decision.type},
               .key = std::string{decision.key},
               .correlation_id = std::string{decision.correlation_id},
               .attempt = decision.attempt,
               .crashes = decision.crashes,
               .due = decision.due,
               .at = decision.at,
               .took = decision.took};
  if (decision.error) copy.error = *decision.error;
  return copy;
}

}  // namespace

class Harness::State final {
 public:
  State(const std::function<void(Contract&)>& declare, HarnessOptions options);

  Result<void> publish(const EventType& type, const void* data, PublishOptions options);
  Result<void> publish(transport::Record record);
  Result<void> run_until_idle(Duration within);
  void advance(Duration duration) { executor_->run_for(duration); }
  FaultReport run_with_faults(std::uint64_t seed, Snapshot snapshot, Duration within);
  void read_published(const EventType& type, const Take& take);
  std::vector<Decided> decisions(std::optional<Step> step) const;

  Bus& bus() { return *bus_; }
  Executor& executor() { return *executor_; }

 private:
  std::string left_over();

  std::shared_ptr<SimulatedExecutor> executor_;
  std::shared_ptr<memory::MemoryBroker> broker_;
  std::unique_ptr<transport::Transport> outside_;
  std::shared_ptr<FaultyHandlers> handlers_;
  Codecs codecs_;
  std::set<std::string, std::less<>> ours_;  // ids that publish() sent
  mutable std::mutex mutex_;
  std::vector<Decided> decisions_;
  std::unique_ptr<Bus> bus_;
};

Harness::State::State(const std::function<void(Contract&)>& declare, HarnessOptions options)
    : executor_{std::make_shared<SimulatedExecutor>(options.seed)},
      broker_{memory::MemoryBroker::make(executor_)},
      outside_{broker_->open(kOutside)},
      handlers_{std::make_shared<FaultyHandlers>()} {
  const auto keep = [this](const Decision& decision) {
    const std::lock_guard lock{mutex_};
    decisions_.push_back(kept(decision));
  };
  bus_ = std::make_unique<Bus>(broker_->open(kProcess), executor_,
                               BusOptions{.name = options.name, .inbox = options.inbox, .observers = {keep}});
  declare(*bus_);
  handlers_->wrap_all(*bus_, {.group = options.name, .inbox = options.inbox});
  if (auto started = bus_->start(); !started) throw std::invalid_argument{started.error().message};
}

Result<void> Harness::State::publish(const EventType& type, const void* data, PublishOptions options) {
  Envelope envelope{
      .id = options.id.empty() ? new_id(*executor_) : std::move(options.id),
      .type = std::string{type.info.type},
      .time = options.time.value_or(executor_->now()),
      .aggregate_id = std::move(options.aggregate_id),
      .version = type.info.version,
      .correlation_id = options.correlation_id.empty() ? new_id(*executor_) : std::move(options.correlation_id),
      .metadata = std::move(options.metadata)};
  const std::string topic{type.info.stream()};
  transport::Declaration declaration{.topics = {{.name = topic, .command = type.info.is_command()}}};
  if (!type.info.is_command()) declaration.published.push_back({envelope.type, topic});
  if (auto declared = outside_->declare(declaration); !declared) return declared;
  auto record =
      transport::to_record({.topic = topic, .envelope = envelope, .key = options.key, .type = type.data, .data = data},
                           codecs_.standard(), outside_->capabilities().profile);
  if (!record) return record.error();
  return publish(*std::move(record));
}

Result<void> Harness::State::publish(transport::Record record) {
  ours_.insert(record.id);
  return broker_->publish(kOutside, std::move(record), executor_->now());  // nobody else runs meanwhile
}

// What is not settled, for people; empty: nothing.
std::string Harness::State::left_over() {
  std::string left;
  const auto lags = outside_->operations().topology->lag();
  if (!lags) return lags.error().message;
  for (const transport::LagState& lag : *lags) {
    if (lag.unsettled == 0) continue;
    left += fmt::format("{}{} of '{}' for group '{}' ({} wait for a retry)", left.empty() ? "" : ", ", lag.unsettled,
                        lag.topic, lag.group, lag.waiting);
  }
  return left;
}

Result<void> Harness::State::run_until_idle(Duration within) {
  if (executor_->run_until([this] { return left_over().empty(); }, within)) return {};
  return unavailable(fmt::format("not settled after {} s of virtual time: {}",
                                 std::chrono::duration_cast<std::chrono::seconds>(within).count(), left_over()));
}

FaultReport Harness::State::run_with_faults(std::uint64_t seed, Snapshot snapshot, Duration within) {
  const auto round = std::make_shared<FaultRound>(
      executor_, FaultRound::Options{.seed = seed,
                                     .snapshot = std::move(snapshot),
                                     .lose_connection = [broker = broker_] { broker->drop(kProcess); }});
  const std::size_t before = decisions(Step::buried).size();
  handlers_->use(round);
  const auto idle = run_until_idle(within);
  handlers_->use(nullptr);
  const std::vector<Decided> dead = decisions(Step::buried);
  for (auto one = dead.begin() + static_cast<std::ptrdiff_t>(before); one != dead.end(); ++one)
    round->buried(one->group, one->subscription, one->event_id, one->error ? one->error->message : "");
  if (!idle) round->unsettled(idle.error().message);
  return round->end();
}

void Harness::State::read_published(const EventType& type, const Take& take) {
  transport::History& history = *outside_->operations().history;
  const transport::HistoryRange range{.topic = std::string{type.info.stream()}};
  const auto visit = [&](const transport::HistoryEntry& entry) {
    if (ours_.contains(entry.record.id) || !entry.record.body) return true;
    Envelope envelope = transport::envelope_of(entry.record);
    const auto data = type.make_data();
    const auto decoded = codecs_.standard().decode(outside_->capabilities().profile, *entry.record.body, envelope,
                                                   type.data, data.get());
    if (!decoded || !same_type(envelope.type, type.info.type) || envelope.version != type.info.version) return true;
    take(std::move(envelope), entry.record.key ? std::optional<std::string>{*entry.record.key} : std::nullopt,
         data.get());
    return true;
  };
  transport::Cursor after;
  while (true) {
    const auto next = history.read(range, after, kPageSize, visit);
    if (!next || *next == after) return;  // no such topic: nothing was published there
    after = *next;
  }
}

std::vector<Decided> Harness::State::decisions(std::optional<Step> step) const {
  const std::lock_guard lock{mutex_};
  std::vector<Decided> chosen;
  std::ranges::copy_if(decisions_, std::back_inserter(chosen),
                       [&](const Decided& decided) { return !step || decided.step == *step; });
  return chosen;
}

Harness::Harness(const std::function<void(Contract&)>& declare, HarnessOptions options)
    : state_{std::make_unique<State>(declare, std::move(options))} {}

Harness::~Harness() = default;

Result<void> Harness::publish(transport::Record record) {
  return state_->publish(std::move(record));
}

Result<void> Harness::publish(const EventType& type, const void* data, PublishOptions options) {
  return state_->publish(type, data, std::move(options));
}

Result<void> Harness::run_until_idle(Duration within) {
  return state_->run_until_idle(within);
}

void Harness::advance(Duration duration) {
  state_->advance(duration);
}

FaultReport Harness::run_with_faults(std::uint64_t seed, Snapshot snapshot, Duration within) {
  return state_->run_with_faults(seed, std::move(snapshot), within);
}

void Harness::read_published(const EventType& type, const Take& take) {
  state_->read_published(type, take);
}

std::vector<Decided> Harness::decisions() const {
  return state_->decisions(std::nullopt);
}

std::vector<Decided> Harness::decisions(Step step) const {
  return state_->decisions(step);
}

Bus& Harness::bus() {
  return state_->bus();
}

Executor& Harness::executor() {
  return state_->executor();
}

}  // namespace tidings::testing
