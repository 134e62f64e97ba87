#include "kafka_ours.hpp"

#include <fmt/format.h>

#include <atomic>
#include <cstdlib>
#include <optional>

#include "tidings/transport/linked.hpp"

namespace tidings::bench {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kReceive = 500;
constexpr Duration kPatience = 60s;
constexpr Duration kLook = 200us;
constexpr Duration kApart = 5ms;  // between two events of which each is measured alone

void expect(const auto& result) {
  if (result) return;
  fmt::print(stderr, "{}\n", result.error().message);
  std::exit(1);
}

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
  std::atomic<int> confirmed{0};
  const Stopwatch watch{*executor_};
  for (int i = 0; i < count; ++i) {
    while (i - confirmed >= window) executor_->sleep_until(executor_->now() + kLook);
    bus_.publish_async(order_of(i), {.aggregate_id = fmt::format("order-{}", i)}, [&](const Result<void>& outcome) {
      expect(outcome);
      confirmed.fetch_add(1, std::memory_order_relaxed);
    });
  }
  wait(*executor_, [&] { return confirmed >= count; });
  return watch.of(count);
}

Usage Ours::consume(const std::string& group, int count) {
  std::atomic<int> settled{0};
  auto opened = transport_->consumer({.group = group, .topic = "orders"});
  expect(opened);
  const auto consumer = *std::move(opened);
  std::optional<Stopwatch> watch;
  int seen = 0;
  const Time deadline = executor_->now() + kPatience;
  while (seen < count && executor_->now() < deadline) {
    const auto batch = consumer->receive(kReceive, executor_->now() + 100ms);
    expect(batch);
    if (batch->deliveries.empty()) continue;
    if (!watch) watch.emplace(*executor_);
    std::vector<transport::Settlement> settlements;
    settlements.reserve(batch->deliveries.size());
    for (const auto& delivery : batch->deliveries) {
      settlements.push_back({.token = delivery.token, .outcome = transport::Accept{}, .publishes = {}});
    }
    seen += static_cast<int>(settlements.size());
    consumer->settle(std::move(settlements), [&](std::size_t, const Result<void>& outcome) {
      expect(outcome);
      settled.fetch_add(1, std::memory_order_relaxed);
    });
  }
  wait(*executor_, [&] { return settled >= seen; });
  if (seen < count) fmt::print(stderr, "only {} of {} events came\n", seen, count);
  return watch ? watch->of(seen) : Usage{};
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

std::vector<Duration> latencies(const std::string& url, const std::shared_ptr<Executor>& executor, int count) {
  std::atomic<int> seen{0};
  std::atomic<Time> handled{};
  Bus bus{open(url, executor), executor, BusOptions{.name = "latency"}};
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
