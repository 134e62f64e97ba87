#include "ours.hpp"

#include <fmt/format.h>

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <optional>

#include "bare_loop.hpp"
#include "tidings/transport/linked.hpp"

namespace tidings::bench {

namespace {

using namespace std::chrono_literals;

constexpr Duration kPatience = 60s;
constexpr Duration kLook = 200us;
constexpr Duration kApart = 5ms;  // between two events of which each is measured alone

std::shared_ptr<transport::Transport> open(const std::string& url, const std::shared_ptr<Executor>& executor) {
  auto opened = transport::open(url, executor);
  expect(opened);
  return *std::move(opened);
}

void wait(Executor& executor, const auto& done) {
  const Time deadline = executor.now() + kPatience;
  while (!done()) {
    if (executor.now() >= deadline) {
      fmt::print(stderr, "not all of it came\n");
      std::exit(1);
    }
    executor.sleep_until(executor.now() + kLook);
  }
}

// How many are confirmed. Who publishes is woken when a quarter of the window is free again, not by each.
class Confirmations final {
 public:
  explicit Confirmations(Executor& executor) : executor_{executor}, changed_{executor.condition()} {}

  void add() {
    const int confirmed = confirmed_.fetch_add(1) + 1;
    if (confirmed != awaited_) return;
    const std::lock_guard lock{mutex_};
    changed_->notify_all();
  }
  void wait(int awaited) {
    std::unique_lock lock{mutex_};
    awaited_ = awaited;
    if (changed_->wait_until(lock, executor_.now() + kPatience, executor_, [&] { return confirmed_ >= awaited; }))
      return;
    fmt::print(stderr, "not all of it was confirmed\n");
    std::exit(1);
  }
  int count() const { return confirmed_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int> confirmed_{0};
  std::atomic<int> awaited_{-1};
  std::mutex mutex_;
  Executor& executor_;
  const std::unique_ptr<Condition> changed_;
};

}  // namespace

OrderCreated order_of(int number) {
  return {.customer_id = fmt::format("customer-{}", number % 10'000),
          .items = {{"cd-1997-04711", 1, 11.77}, {"cd-1997-00042", 2, 14.96}},
          .total_amount = {}};
}

Ours::Ours(const std::string& url, std::shared_ptr<Executor> executor)
    : executor_{std::move(executor)},
      transport_{open(url, executor_)},
      bus_{transport_, executor_, BusOptions{.name = "bench"}} {
  bus_.publishes<OrderCreated>();
  expect(bus_.start());
}

Usage Ours::publish(int count, int window) {
  expect(bus_.publish(order_of(0), {.aggregate_id = "order-0"}));
  Confirmations confirmations{*executor_};
  const Stopwatch watch{*executor_};
  for (int i = 0; i < count; ++i) {
    if (i - confirmations.count() >= window) confirmations.wait(i - window + (window + 3) / 4);
    bus_.publish_async(order_of(i), {.aggregate_id = fmt::format("order-{}", i)}, [&](const Result<void>& outcome) {
      expect(outcome);
      confirmations.add();
    });
  }
  confirmations.wait(count);
  return watch.of(count);
}

void Ours::subscribe(const std::string& group) {
  expect(transport_->consumer({.group = group, .topic = "orders"}));
}

Usage Ours::consume(const std::string& group, int count) {
  return receive_and_settle(*transport_, *executor_, group, count);
}

Coding code(Profile profile, const Executor& executor, int count) {
  const auto codec = json_codec();
  Envelope envelope{.id = "0197d2a4-8c11-7f3a-9d55-0c8a6f1be001",
                    .type = "OrderCreated",
                    .time = executor.now(),
                    .correlation_id = "0197d2a4-8c11-7f3a-9d55-0c8a6f1be002"};
  std::string body;
  Coding coding;
  {
    const Stopwatch watch{executor};
    for (int i = 0; i < count; ++i) {
      envelope.aggregate_id = fmt::format("order-{}", i);
      const OrderCreated order = order_of(i);
      expect(codec->encode(profile, envelope, describe<OrderCreated>(), &order, body));
    }
    coding.encoding = watch.of(count);
  }
  const Stopwatch watch{executor};
  for (int i = 0; i < count; ++i) {
    Envelope read;
    OrderCreated order;
    expect(codec->decode(profile, body, read, describe<OrderCreated>(), &order));
  }
  coding.decoding = watch.of(count);
  return coding;
}

Usage handle(const std::string& url, const std::shared_ptr<Executor>& executor, const Handling& handling) {
  std::atomic<int> seen{0};
  std::optional<Stopwatch> watch;
  std::once_flag first;
  Bus bus{open(url, executor), executor, BusOptions{.name = handling.group}};
  if (handling.publishes) bus.publishes<OrderSeen>();
  bus.on<OrderCreated>(
      [&](const OrderCreated& order, Context& context) -> Result<void> {
        std::call_once(first, [&] { watch.emplace(*executor); });
        if (handling.work > Duration{}) executor->sleep_until(executor->now() + handling.work);
        if (handling.publishes) {
          if (auto published = context.publish(OrderSeen{order.customer_id}); !published) return published;
        }
        seen.fetch_add(1, std::memory_order_relaxed);
        return {};
      },
      {.concurrency = handling.lanes});
  expect(bus.start());
  wait(*executor, [&] { return seen >= handling.count; });
  expect(bus.stop(executor->now() + kPatience));
  return watch->of(seen);
}

std::vector<Duration> latencies(const std::string& url, const std::shared_ptr<Executor>& executor,
                                const std::string& group, int count) {
  std::atomic<int> seen{0};
  std::atomic<Time> handled{};
  Bus bus{open(url, executor), executor, BusOptions{.name = group}};
  bus.publishes<OrderCreated>();
  bus.on<OrderCreated>([&](const OrderCreated&) -> Result<void> {
    handled = executor->now();
    ++seen;
    return {};
  });
  expect(bus.start());
  expect(bus.publish(order_of(0), {.aggregate_id = "order"}));
  wait(*executor, [&] { return seen == 1; });
  std::vector<Duration> times;
  for (int i = 2; i <= count + 1; ++i) {
    executor->sleep_until(executor->now() + kApart);
    const Time published = executor->now();
    bus.publish_async(order_of(i), {.aggregate_id = "order"}, [](const Result<void>& outcome) { expect(outcome); });
    wait(*executor, [&] { return seen == i; });
    times.push_back(handled.load() - published);
  }
  expect(bus.stop(executor->now() + kPatience));
  return times;
}

}  // namespace tidings::bench
