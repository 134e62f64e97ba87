#include "operate/speed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/countdown.hpp"
#include "tidings/uuid.hpp"

namespace tidings::operate {

namespace {

using transport::Accept;
using transport::Batch;
using transport::Settlement;

constexpr std::size_t kReceive = 500;
constexpr std::size_t kKeys = 1'000;  // so that all partitions have some
constexpr std::string_view kType = "SpeedMeasured";

// Answers of the transport, which come on its threads: how many, and the first that is an error.
class Answers final {
 public:
  explicit Answers(Executor& executor) : executor_{executor}, changed_{executor.condition()} {}

  void add(const Result<void>& outcome) {
    const std::lock_guard lock{mutex_};
    ++count_;
    if (!outcome && !refusal_) refusal_ = outcome.error();
    if (count_ >= awaited_) changed_->notify_all();
  }

  Result<void> wait(std::size_t count) {
    std::unique_lock lock{mutex_};
    awaited_ = count;
    const Time deadline = executor_.now() + kSpeedWithin;
    const bool came = changed_->wait_until(lock, deadline, executor_, [&] { return count_ >= count || refusal_; });
    if (refusal_) return *refusal_;
    if (!came)
      return unavailable(fmt::format("the transport did not answer for {} s", kSpeedWithin / std::chrono::seconds{1}));
    return {};
  }

 private:
  Executor& executor_;
  std::mutex mutex_;
  const std::unique_ptr<Condition> changed_;
  std::size_t count_ = 0;
  std::size_t awaited_ = 0;
  std::optional<Error> refusal_;
};

Result<void> check(const SpeedPlan& plan) {
  const auto within = [](std::size_t value, std::size_t least, std::size_t most) {
    return value >= least && value <= most;
  };
  if (!within(plan.events, 1, 10'000'000)) return invalid("events: expected 1 to 10000000");
  if (!within(plan.bytes, 2, kSpeedBytesMax)) return invalid(fmt::format("bytes: expected 2 to {}", kSpeedBytesMax));
  if (!within(plan.batch, 1, kSpeedBatchMax)) return invalid(fmt::format("batch: expected 1 to {}", kSpeedBatchMax));
  if (plan.one_by_one > 10'000) return invalid("one by one: expected at most 10000");
  return {};
}

Error stopped() {
  return unavailable("stopped before all was measured");
}

double per_second(std::size_t events, Duration took) {
  return static_cast<double>(events) / std::chrono::duration<double>(std::max(took, Duration{1})).count();
}

class Measuring final {
 public:
  Measuring(transport::Transport& transport, Executor& executor, const SpeedPlan& plan, const SpeedProgress& progress)
      : transport_{transport},
        executor_{executor},
        plan_{plan},
        progress_{progress},
        group_{"tidings-bench-" + new_id(executor)},
        body_{'"' + std::string(plan.bytes - 2, 'x') + '"'} {}

  Result<SpeedReport> run() {
    if (auto joined = join(); !joined) return joined.error();
    SpeedReport report{.topic = plan_.topic, .events = plan_.events, .bytes = plan_.bytes, .batch = plan_.batch};
    auto published = publish();
    if (!published) return published.error();
    report.published_per_second = per_second(plan_.events, *published);
    auto consumed = consume();
    if (!consumed) return consumed.error();
    report.consumed_per_second = per_second(plan_.events, *consumed);
    auto times = one_by_one();
    if (!times) return times.error();
    report.one_by_one = times->size();
    if (times->empty()) return report;
    std::ranges::sort(*times);
    const auto at = [&](std::size_t percent) {
      return std::chrono::duration<double, std::milli>((*times)[(times->size() - 1) * percent / 100]).count();
    };
    report.latency_median_ms = at(50);
    report.latency_p99_ms = at(99);
    return report;
  }

  // The group would be one that lags for ever.
  void leave() {
    publisher_.reset();
    consumer_.reset();
    const auto operations = transport_.operations();
    if (operations.topology) static_cast<void>(operations.topology->remove_group(group_));
  }

 private:
  // Returns once it has partitions: what is published from then on comes.
  Result<void> join() {
    if (auto made = make_topic(); !made) return made;
    auto publisher = transport_.publisher({});
    if (!publisher) return publisher.error();
    publisher_ = *std::move(publisher);
    auto consumer = transport_.consumer({.group = group_,
                                         .topic = plan_.topic,
                                         .command = topic().command,
                                         .start = {.at = transport::StartAt::end},
                                         .in_flight_max = 10'000});
    if (!consumer) return consumer.error();
    consumer_ = *std::move(consumer);
    const auto is_assigned = [](const transport::Notice& notice) {
      return notice.kind == transport::Notice::Kind::assigned;
    };
    const Time deadline = executor_.now() + kSpeedWithin;
    while (true) {
      auto batch = consumer_->receive(1, deadline);
      if (!batch) return batch.error();
      if (std::ranges::any_of(batch->notices, is_assigned)) return {};
      if (executor_.now() >= deadline) return unavailable(fmt::format("no partition of '{}' came", plan_.topic));
    }
  }

  // Where declarations make no topics, its own is made all the same; the user's is looked for.
  Result<void> make_topic() {
    const auto operations = transport_.operations();
    if (plan_.topic == kSpeedTopic && operations.topology) {
      const auto made = operations.topology->create_topic(topic(), std::nullopt);
      if (!made && made.error().kind != ErrorKind::unsupported) return made;
    }
    return transport_.declare({.topics = {topic()}, .published = {}});
  }

  transport::TopicSpec topic() const {
    const bool own = plan_.topic == kSpeedTopic;
    transport::TopicSpec topic{.name = plan_.topic, .command = own};
    if (!own || !transport_.capabilities().keeps_for_later) return topic;
    // Should this process die, its group stays: what that has not settled must not be kept for ever.
    topic.retention = {.age = kSpeedKept, .unsettled = transport::Unsettled::expire};
    return topic;
  }

  std::vector<transport::Record> records(std::size_t count) {
    std::vector<transport::Record> batch;
    batch.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      batch.push_back({.topic = plan_.topic,
                       .key = fmt::format("key-{}", made_++ % kKeys),
                       .id = new_id(executor_),
                       .type = std::string{kType},
                       .content_type = "application/json",
                       .body = body_});
    }
    return batch;
  }

  void send(std::vector<transport::Record> batch) {
    publisher_->send(std::move(batch), [this](std::size_t, const Result<void>& outcome) { confirmed_.add(outcome); });
  }

  Result<Duration> publish() {
    const std::size_t open = plan_.batch * kSpeedBatchesOpen;
    const Time start = executor_.now();
    for (std::size_t sent = 0; sent < plan_.events;) {
      if (!progress_("publishing", sent, plan_.events)) return stopped();
      const std::size_t size = std::min(plan_.batch, plan_.events - sent);
      send(records(size));
      sent += size;
      if (sent < open) continue;
      if (auto waited = confirmed_.wait(sent - open); !waited) return waited.error();
    }
    if (auto waited = confirmed_.wait(plan_.events); !waited) return waited.error();
    return executor_.now() - start;
  }

  // Receives something, settles it. How many of them were of this run: a topic may have others.
  Result<std::size_t> receive() {
    auto batch = consumer_->receive(kReceive, executor_.now() + kSpeedWithin);
    if (!batch) return batch.error();
    std::vector<Settlement> settlements;
    settlements.reserve(batch->deliveries.size());
    for (const transport::Delivery& delivery : batch->deliveries) {
      settlements.push_back({.token = delivery.token, .outcome = Accept{}, .publishes = {}});
    }
    settling_ += settlements.size();
    const std::size_t count = settlements.size();
    consumer_->settle(std::move(settlements),
                      [this](std::size_t, const Result<void>& outcome) { settled_.add(outcome); });
    if (count == 0 && batch->notices.empty()) {
      return unavailable(
          fmt::format("nothing came of '{}' for {} s", plan_.topic, kSpeedWithin / std::chrono::seconds{1}));
    }
    return count;
  }

  Result<Duration> consume() {
    std::optional<Time> first;
    for (std::size_t seen = 0; seen < plan_.events;) {
      if (!progress_("consuming", seen, plan_.events)) return stopped();
      const auto count = receive();
      if (!count) return count.error();
      if (!first && *count > 0) first = executor_.now();
      seen += *count;
    }
    if (auto waited = settled_.wait(settling_); !waited) return waited.error();
    return executor_.now() - *first;
  }

  Result<std::vector<Duration>> one_by_one() {
    std::vector<Duration> times;
    const Countdown left{executor_, executor_.now() + kSpeedAloneFor};
    while (times.size() < plan_.one_by_one && (times.empty() || !left.over())) {
      if (!progress_("one by one", times.size(), plan_.one_by_one)) return stopped();
      const Time start = executor_.now();
      send(records(1));
      for (std::size_t count = 0; count == 0;) {
        const auto came = receive();
        if (!came) return came.error();
        count = *came;
      }
      times.push_back(executor_.now() - start);
      if (auto waited = settled_.wait(settling_); !waited) return waited.error();
    }
    return times;
  }

  transport::Transport& transport_;
  Executor& executor_;
  const SpeedPlan& plan_;
  const SpeedProgress& progress_;
  const std::string group_;
  const std::string body_;
  std::size_t made_ = 0;
  std::size_t settling_ = 0;
  Answers confirmed_{executor_};  // outlive who calls back
  Answers settled_{executor_};
  std::unique_ptr<transport::Publisher> publisher_;
  std::unique_ptr<transport::Consumer> consumer_;
};

}  // namespace

Result<SpeedReport> measure_speed(transport::Transport& transport, Executor& executor, const SpeedPlan& plan,
                                  const SpeedProgress& progress) {
  if (auto checked = check(plan); !checked) return checked.error();
  Measuring measuring{transport, executor, plan, progress};
  auto report = measuring.run();
  measuring.leave();
  return report;
}

}  // namespace tidings::operate
