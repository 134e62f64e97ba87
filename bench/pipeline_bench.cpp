// What the pipeline costs: a bus with an empty handler on `memory:`, over the bare loop of receive and settle, and how
// often it allocates. Beside it what decoding the same events costs.
//
//   pipeline_bench [EVENTS [RUNS]]
//
// Prints a JSON array of {name, value, unit, least, most, target, met}; least and most are of the runs.
#include <fmt/format.h>

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <new>
#include <optional>

#include "bare_loop.hpp"
#include "order.hpp"
#include "report.hpp"
#include "tidings/bus.hpp"
#include "tidings/transport/linked.hpp"

namespace {

std::atomic<std::uint64_t> allocations{0};

}  // namespace

void* operator new(std::size_t bytes) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc{};
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace {

using namespace tidings;
using namespace tidings::bench;
using namespace std::chrono_literals;

constexpr Duration kPatience = 120s;
constexpr int kKeys = 1'000;
constexpr int kLanes = 1;

// Of some way to deal with all events.
struct Cost {
  std::vector<Usage> runs;
  std::vector<double> allocated;  // times, for each event

  double cpu() const { return cpu_of(runs); }
  double times() const { return at(allocated, 0.5); }
};

class Bench final {
 public:
  Bench(int events, int runs) : events_{events}, runs_{runs} {
    auto opened = transport::open("memory:", executor_);
    expect(opened);
    transport_ = *std::move(opened);
    publish();
  }

  void run() {
    Cost bare, handling, decoding;
    for (int run = 0; run < runs_; ++run) {
      add(bare, [&] { return receive_and_settle(*transport_, *executor_, fmt::format("bare-{}", run), events_); });
      add(handling, [&] { return handle(fmt::format("bus-{}", run)); });
      add(decoding, [&] { return decode_order(body_, *executor_, events_); });
    }
    report_.add("receive and settle alone", bare.runs);
    report_.add("empty handler", handling.runs);
    report_.add("decoding", decoding.runs);
    const double pipeline = handling.cpu() - bare.cpu() - decoding.cpu();
    report_.most("pipeline, CPU", "us/event", pipeline, 0.5 * decoding.cpu());
    report_.most("pipeline, allocations", "an event", handling.times() - bare.times() - decoding.times(), 0);
  }

 private:
  void publish() {
    Bus bus{transport_, executor_, BusOptions{.name = "publisher"}};
    bus.publishes<OrderCreated>();
    expect(bus.start());
    for (int i = 0; i < events_; ++i) expect(bus.publish(order_, {.aggregate_id = fmt::format("order-{}", i % kKeys)}));
    const auto consumer = transport_->consumer({.group = "sample", .topic = "orders"}).value();
    std::vector<transport::Delivery> one;
    while (one.empty()) one = consumer->receive(1, executor_->now() + kPatience).value().deliveries;
    body_ = std::string{*one.front().record.body};
  }

  void add(Cost& cost, const auto& work) {
    const std::uint64_t before = allocations;
    cost.runs.push_back(work());
    cost.allocated.push_back(static_cast<double>(allocations - before) / events_);
  }

  Usage handle(const std::string& group) {
    std::mutex mutex;
    const auto changed = executor_->condition();
    int seen = 0;
    std::optional<Stopwatch> watch;
    Bus bus{transport_, executor_, BusOptions{.name = group}};
    bus.on<OrderCreated>(
        [&](const OrderCreated&) {
          if (!watch) watch.emplace(*executor_);
          if (++seen < events_) return;
          const std::lock_guard lock{mutex};
          changed->notify_all();
        },
        {.concurrency = kLanes});
    expect(bus.start());
    {
      std::unique_lock lock{mutex};
      changed->wait_until(lock, executor_->now() + kPatience, *executor_, [&] { return seen >= events_; });
    }
    expect(bus.stop(executor_->now() + kPatience));
    return watch->of(seen);
  }

  const std::shared_ptr<Executor> executor_ = thread_executor();
  const int events_;
  const int runs_;
  const OrderCreated order_ = sample_order();
  std::shared_ptr<transport::Transport> transport_;
  std::string body_;
  Report report_;
};

}  // namespace

int main(int argc, char** argv) {
  Bench bench{argc > 1 ? std::atoi(argv[1]) : 50'000, argc > 2 ? std::atoi(argv[2]) : 9};
  bench.run();
}
