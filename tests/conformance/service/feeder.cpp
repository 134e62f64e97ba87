#include "tests/conformance/service/feeder.hpp"

namespace tidings::conformance {

namespace {

constexpr Duration kFlushWithin = std::chrono::seconds{20};
constexpr Duration kRelayLook = std::chrono::milliseconds{5};

// A relay's publisher, in a process that may die on the way.
class MortalPublisher final : public transport::Publisher {
 public:
  MortalPublisher(std::unique_ptr<transport::Publisher> publisher, std::shared_ptr<Mortal> mortal)
      : publisher_{std::move(publisher)}, mortal_{std::move(mortal)} {}

  void send(std::vector<transport::Record> batch, Confirmed confirmed) override {
    if (!mortal_->pass("sending")) return;
    publisher_->send(std::move(batch),
                     [mortal = mortal_, confirmed = std::move(confirmed)](std::size_t index, Result<void> outcome) {
                       if (!mortal->pass("answering")) return;
                       confirmed(index, std::move(outcome));
                       mortal->pass("answered");
                     });
    mortal_->pass("sent");
  }
  Result<void> flush(Time deadline) override { return publisher_->flush(deadline); }

 private:
  const std::unique_ptr<transport::Publisher> publisher_;
  const std::shared_ptr<Mortal> mortal_;
};

}  // namespace

Feeder::Feeder(FeederPlan plan, WorkerHost host)
    : plan_{std::move(plan)},
      host_{std::move(host)},
      journal_{host_.directory},
      mortal_{std::make_shared<Mortal>(plan_.dies_at, plan_.dies_after, host_.die, host_.lives)} {}

Feeder::~Feeder() {
  static_cast<void>(stop());
}

Result<std::unique_ptr<Feeder>> Feeder::start(const FeederPlan& plan, WorkerHost host) {
  std::unique_ptr<Feeder> feeder{new Feeder{plan, std::move(host)}};
  if (auto started = feeder->start(); !started) return started.error();
  return feeder;
}

Result<void> Feeder::start() {
  if (auto opened = plan_.outbox ? open_outbox() : open_bus(); !opened) return opened;
  const int threads = plan_.outbox ? 1 : plan_.threads;
  feeding_ = threads;
  for (int thread = 0; thread < threads; ++thread) {
    spawn("feeder", [this, thread] { feed(thread); });
  }
  return {};
}

Result<void> Feeder::open_bus() {
  bus_ = std::make_unique<Bus>(host_.transport, host_.executor,
                               BusOptions{.name = plan_.instance, .instance = plan_.instance});
  bus_->publishes<Task>();
  return bus_->start();
}

Result<void> Feeder::open_outbox() {
  auto declared = host_.transport->declare({.topics = {{.name = kTasks}}, .published = {{"Task", kTasks}}});
  if (!declared) return declared;
  auto database = Sqlite::open(host_.directory / (plan_.instance + ".db"), {}, host_.executor);
  if (!database) return database.error();
  database_.emplace(*std::move(database));
  auto made = database_->script("CREATE TABLE IF NOT EXISTS orders (number INTEGER PRIMARY KEY)");
  if (!made) return made;
  auto outbox = Outbox::open(*database_,
                             {.publishes = {&event_type<Task>()}, .profile = host_.transport->capabilities().profile});
  if (!outbox) return outbox.error();
  outbox_.emplace(*std::move(outbox));
  auto publisher = host_.transport->publisher({});
  if (!publisher) return publisher.error();
  auto relay = Relay::open(*database_, std::make_unique<MortalPublisher>(*std::move(publisher), mortal_));
  if (!relay) return relay.error();
  relay_.emplace(*std::move(relay));
  spawn("relay", [this] { static_cast<void>(relay_->run(stop_.get_token())); });
  return {};
}

void Feeder::spawn(const std::string& name, std::function<void()> body) {
  threads_.push_back(host_.executor->spawn(name, std::move(body)));
}

Result<void> Feeder::stop() {
  stop_.request_stop();
  threads_.clear();
  return bus_ != nullptr ? bus_->stop(host_.executor->now() + kFlushWithin) : Result<void>{};
}

void Feeder::feed(int thread) {
  for (int number = 0; number < plan_.count && !ended() && !stop_.stop_requested(); ++number) {
    const std::string name = plan_.instance + "-" + std::to_string(thread) + "-";
    const Task task{.number = number, .publishes = plan_.publishes};
    const PublishOptions options{.id = name + std::to_string(number),
                                 .aggregate_id = name + "k" + std::to_string(number % plan_.keys)};
    plan_.outbox ? place(task, options) : publish(task, options);
    if (plan_.pause > plan_.pause.zero()) host_.executor->sleep_until(host_.executor->now() + plan_.pause);
  }
  if (--feeding_ == 0) finish();
}

void Feeder::publish(const Task& task, const PublishOptions& options) {
  bus_->publish_async(task, options, [this, task, options](const Result<void>& outcome) {
    if (outcome) return note("confirmed", task, options);
    const ErrorKind kind = outcome.error().kind;
    if (kind == ErrorKind::invalid || kind == ErrorKind::overloaded) note("refused", task, options);
  });
}

// One that a former life of this process placed is not placed again.
void Feeder::place(const Task& task, const PublishOptions& options) {
  bool is_new = false;
  const auto placed = database_->transact([&](SqliteTransaction& transaction) -> Result<void> {
    auto inserted = transaction.execute("INSERT INTO orders VALUES (?) ON CONFLICT DO NOTHING", task.number);
    if (!inserted) return inserted.error();
    is_new = *inserted > 0;
    if (is_new) {
      if (auto published = outbox_->publish(transaction, task, options); !published) return published;
    }
    return mortal_->pass("placing") ? Result<void>{} : Result<void>{unavailable("the process is dead")};
  });
  if (placed && is_new && mortal_->pass("placed")) note("confirmed", task, options);
}

void Feeder::finish() {
  if (bus_ != nullptr) static_cast<void>(bus_->flush(host_.executor->now() + kFlushWithin));
  while (plan_.outbox && !ended() && !stop_.stop_requested() && check_sqlite_store(*database_)->unsent > 0)
    host_.executor->sleep_until(host_.executor->now() + kRelayLook);
  note("fed", {}, {});
}

void Feeder::note(const char* step, const Task& task, const PublishOptions& options) {
  if (ended()) return;
  journal_.write({.step = step,
                  .instance = plan_.instance,
                  .id = options.id,
                  .key = options.aggregate_id,
                  .number = task.number,
                  .at = host_.executor->now()});
}

}  // namespace tidings::conformance
