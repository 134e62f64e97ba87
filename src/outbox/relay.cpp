#include <fmt/format.h>

#include <algorithm>

#include "base/flaw.hpp"
#include "outbox/outbox_rows.hpp"
#include "outbox/relay_lock.hpp"
#include "outbox/relay_window.hpp"
#include "outbox/signal.hpp"
#include "tidings/outbox.hpp"

namespace tidings {

namespace {

// A relay that is not active looks that often whether it may be.
constexpr Duration kTakeOverEvery = std::chrono::milliseconds{500};
// The database would not let us write or read for now.
constexpr Duration kPause = std::chrono::milliseconds{100};

bool passes(const Error& error) {
  return error.kind == ErrorKind::unavailable || error.kind == ErrorKind::overloaded;
}

// What the publisher answered, from its threads to the relay's. It outlives the relay with the publisher.
class Answers {
 public:
  explicit Answers(std::shared_ptr<detail::Signal> signal) : signal_{std::move(signal)} {}

  struct Answer {
    std::int64_t sequence = 0;
    Result<void> outcome;
  };

  void add(Answer answer) {
    {
      const std::lock_guard lock{mutex_};
      answers_.push_back(std::move(answer));
      if (answers_.size() > 1) return;  // the relay takes all of them, and was woken for the first
    }
    signal_->raise();
  }

  std::vector<Answer> take() {
    const std::lock_guard lock{mutex_};
    return std::exchange(answers_, {});
  }

 private:
  const std::shared_ptr<detail::Signal> signal_;
  std::mutex mutex_;
  std::vector<Answer> answers_;
};

}  // namespace

class Relay::State {
 public:
  State(std::shared_ptr<detail::SqliteShared> shared, std::unique_ptr<detail::OutboxRows> rows,
        std::unique_ptr<transport::Publisher> publisher, RelayOptions options)
      : shared_{std::move(shared)},
        executor_{*shared_->executor},
        options_{std::move(options)},
        rows_{std::move(rows)},
        lock_{shared_->path + "-relay"},
        answers_{std::make_shared<Answers>(shared_->outbox)},
        publisher_{std::move(publisher)} {}

  Result<void> run(const std::stop_token& stop) {
    const std::stop_callback wake{stop, [this] { shared_->outbox->raise(); }};
    auto active = become_active(stop);
    if (!active || !*active) return active ? Result<void>{} : active.error();
    window_.emplace(detail::RelayLimits{.rows_max = options_.in_flight_max,
                                        .bytes_max = options_.bytes_max,
                                        .retry_first = options_.retry_first,
                                        .retry_max = options_.retry_max});
    sent_.clear();
    Result<void> done;
    while (done && !stop.stop_requested()) done = turn();
    if (done) done = finish();
    lock_.give_up();
    return done;
  }

 private:
  // False: stopped before.
  Result<bool> become_active(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const std::uint64_t seen = shared_->outbox->count();
      auto taken = lock_.try_take();
      if (!taken || *taken) return taken;
      if (!stop.stop_requested()) shared_->outbox->wait(seen, executor_.now() + kTakeOverEvery);
    }
    return false;
  }

  // One round: answers, then reading, then sending; waits when there was nothing to do.
  Result<void> turn() {
    const std::uint64_t seen = shared_->outbox->count();
    take_answers();
    Result<void> done = settle();
    Result<bool> more = false;
    if (done) done = read_due();
    if (done) more = rows_->fill(*window_);
    if (!more) done = more.error();
    const bool sent = send();
    if (!done && !passes(done.error())) return done;
    if (!done) {
      shared_->outbox->wait(seen, executor_.now() + kPause);
    } else if (!sent && !*more) {
      shared_->outbox->wait(seen,
                            std::min(executor_.now() + options_.poll_every, window_->next_due().value_or(kNever)));
    }
    return {};
  }

  void take_answers() {
    for (auto& [sequence, outcome] : answers_->take()) {
      const auto node = sent_.extract(sequence);
      if (!node) continue;  // of a run before this one
      const Sent& sent = node.mapped();
      if (outcome) {
        window_->confirm(sequence);
        confirmed_.push_back(sequence);
        continue;
      }
      const Error& error = outcome.error();
      const int refusals = window_->refuse(sequence, executor_.now());
      if (refusals == 1) refused_.push_back({sequence, error.message});
      if (options_.on_refused) options_.on_refused({sequence, sent.id, sent.topic, error, refusals});
    }
  }

  Result<void> settle() {
    std::ranges::sort(confirmed_);
    auto settled = rows_->settle(confirmed_, refused_);
    if (!settled) return settled;
    for (const std::int64_t sequence : confirmed_) window_->deleted(sequence);
    confirmed_.clear();
    refused_.clear();
    return {};
  }

  Result<void> read_due() {
    const Time now = executor_.now();
    Result<void> done;
    for (const std::int64_t sequence : window_->take_due(now)) {
      auto row = rows_->read(sequence);
      if (!row) {
        window_->put_off(sequence, now);
        if (passes(row.error())) done = row.error();
      } else if (*row) {
        window_->add_again(std::move(**row));
      } else {
        window_->confirm(sequence);
        window_->deleted(sequence);
      }
    }
    return done;
  }

  // False: there was nothing to send.
  bool send() {
    std::vector<detail::RelayRow> ready = window_->take_ready();
    if (ready.empty()) return false;
    std::vector<transport::Record> records;
    records.reserve(ready.size());
    auto sequences = std::make_shared<std::vector<std::int64_t>>();
    sequences->reserve(ready.size());
    for (detail::RelayRow& row : ready) {
      sent_.emplace(row.sequence, Sent{row.record.id, row.record.topic});
      sequences->push_back(row.sequence);
      records.push_back(std::move(row.record));
      if (flawed(Flaw::relay_deletes_unsent)) static_cast<void>(rows_->settle({row.sequence}, {}));
    }
    publisher_->send(std::move(records), [answers = answers_, sequences](std::size_t index, Result<void> outcome) {
      answers->add({(*sequences)[index], std::move(outcome)});
    });
    return true;
  }

  // Waits for what was sent. What is not confirmed in time, or cannot be deleted, is sent again by the next relay.
  Result<void> finish() {
    static_cast<void>(publisher_->flush(executor_.now() + options_.stop_within));
    take_answers();
    auto settled = settle();
    return settled || passes(settled.error()) ? Result<void>{} : settled;
  }

  struct Sent {
    std::string id;
    std::string topic;
  };

  const std::shared_ptr<detail::SqliteShared> shared_;
  Executor& executor_;
  const RelayOptions options_;
  const std::unique_ptr<detail::OutboxRows> rows_;
  detail::RelayLock lock_;
  std::optional<detail::RelayWindow> window_;
  std::unordered_map<std::int64_t, Sent> sent_;
  std::vector<std::int64_t> confirmed_;   // to be deleted
  std::vector<detail::Refused> refused_;  // to be noted
  const std::shared_ptr<Answers> answers_;
  const std::unique_ptr<transport::Publisher> publisher_;
};

Relay::Relay(std::unique_ptr<State> state) : state_{std::move(state)} {}
Relay::Relay(Relay&&) noexcept = default;
Relay& Relay::operator=(Relay&&) noexcept = default;
Relay::~Relay() = default;

Result<Relay> Relay::open(const Sqlite& database, std::unique_ptr<transport::Publisher> publisher,
                          RelayOptions options) {
  if (options.in_flight_max < 1 || options.in_flight_max > 100'000) {
    return invalid(fmt::format("RelayOptions::in_flight_max is {}; set 1 to 100000", options.in_flight_max));
  }
  if (options.bytes_max < 1) return invalid("RelayOptions::bytes_max must be 1 or more");
  for (const Duration each : {options.poll_every, options.retry_first, options.retry_max}) {
    if (each <= Duration::zero()) return invalid("RelayOptions: poll_every, retry_first and retry_max must be above 0");
  }
  auto shared = database.connection()->shared();
  auto rows = detail::OutboxRows::open(shared);
  if (!rows) return rows.error();
  return Relay{std::make_unique<State>(std::move(shared), std::move(*rows), std::move(publisher), std::move(options))};
}

Result<void> Relay::run(std::stop_token stop) {
  return state_->run(stop);
}

}  // namespace tidings
