// What a user pays on Apache Kafka over librdkafka alone, doing the same with the same bytes, in turns.
//
//   kafka_bench [EVENTS [RUNS [MEASURES]]]
//
// TIDINGS_KAFKA_URL names the broker (`scripts/kafka up DIR` prints it). Leaves topics with a prefix of its own there.
// Prints a JSON array of {name, value, unit, least, most, target, met}; least and most are of the runs.
#include <fmt/format.h>

#include <atomic>
#include <boost/describe.hpp>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "raw_kafka.hpp"
#include "tidings/bus.hpp"
#include "tidings/codec.hpp"
#include "tidings/money.hpp"
#include "tidings/transport/linked.hpp"
#include "usage.hpp"

namespace {

struct OrderItem {
  std::string product_id;
  int quantity = 0;
  double price = 0;
};
BOOST_DESCRIBE_STRUCT(OrderItem, (), (product_id, quantity, price))

struct OrderCreated {
  std::string customer_id;
  std::vector<OrderItem> items;
  tidings::Money total_amount;
};
BOOST_DESCRIBE_STRUCT(OrderCreated, (), (customer_id, items, total_amount))

}  // namespace

template <>
inline constexpr tidings::EventInfo tidings::event_info<OrderCreated>{.type = "OrderCreated", .topic = "orders"};

namespace {

using namespace tidings;
using namespace std::chrono_literals;
using bench::Usage;

constexpr int kWindow = 50'000;  // events that are not confirmed, on either side
constexpr std::size_t kSamples = 1'000;
constexpr std::size_t kReceive = 500;
constexpr Duration kPatience = 60s;

void expect(const auto& result) {
  if (result) return;
  fmt::print(stderr, "{}\n", result.error().message);
  std::exit(1);
}

OrderCreated order_of(int number) {
  return {.customer_id = fmt::format("customer-{}", number % 10'000),
          .items = {{"cd-1997-04711", 1, 11.77}, {"cd-1997-00042", 2, 14.96}},
          .total_amount = {}};
}

class Ours final {
 public:
  Ours(const std::string& url, std::shared_ptr<Executor> executor)
      : executor_{std::move(executor)},
        transport_{open(url, executor_)},
        bus_{transport_, executor_, BusOptions{.name = "bench"}} {
    bus_.publishes<OrderCreated>();
    expect(bus_.start());
  }

  // From the struct to the last confirmation.
  Usage publish(int count) {
    std::atomic<int> confirmed{0};
    const bench::Stopwatch watch{*executor_};
    for (int i = 0; i < count; ++i) {
      while (i - confirmed >= kWindow) executor_->sleep_until(executor_->now() + 200us);
      bus_.publish_async(order_of(i), {.aggregate_id = fmt::format("order-{}", i)}, [&](const Result<void>& outcome) {
        expect(outcome);
        confirmed.fetch_add(1, std::memory_order_relaxed);
      });
    }
    while (confirmed < count) executor_->sleep_until(executor_->now() + 200us);
    return watch.of(count);
  }

  // From the first delivery to the last answer.
  Usage consume(const std::string& group, int count) {
    std::atomic<int> settled{0};
    auto opened = transport_->consumer({.group = group, .topic = "orders"});
    expect(opened);
    const auto consumer = *std::move(opened);
    std::optional<bench::Stopwatch> watch;
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
    while (settled < seen) executor_->sleep_until(executor_->now() + 200us);
    if (seen < count) fmt::print(stderr, "only {} of {} events came\n", seen, count);
    return watch ? watch->of(seen) : Usage{};
  }

 private:
  static std::shared_ptr<transport::Transport> open(const std::string& url, const std::shared_ptr<Executor>& executor) {
    auto opened = transport::open(url, executor);
    expect(opened);
    return *std::move(opened);
  }

  const std::shared_ptr<Executor> executor_;
  const std::shared_ptr<transport::Transport> transport_;
  Bus bus_;
};

// What publishing has to do anyway: the struct, and its bytes.
Usage encode(const Executor& executor, int count) {
  const auto codec = json_codec();
  Envelope envelope{.id = "0197d2a4-8c11-7f3a-9d55-0c8a6f1be001",
                    .type = "OrderCreated",
                    .time = executor.now(),
                    .correlation_id = "0197d2a4-8c11-7f3a-9d55-0c8a6f1be002"};
  std::string body;
  const bench::Stopwatch watch{executor};
  for (int i = 0; i < count; ++i) {
    envelope.aggregate_id = fmt::format("order-{}", i);
    const OrderCreated order = order_of(i);
    expect(codec->encode(Profile::kafka, envelope, describe<OrderCreated>(), &order, body));
  }
  return watch.of(count);
}

class Report final {
 public:
  void add(const std::string& name, const std::vector<Usage>& runs) {
    const auto rate = spread_of(runs, &Usage::per_second);
    const auto cpu = spread_of(runs, &Usage::cpu_micros);
    lines_.push_back(fmt::format(R"({{"name":"{}","value":{:.0f},"unit":"events/s","least":{:.0f},"most":{:.0f}}})",
                                 name, rate.median, rate.least, rate.most));
    lines_.push_back(
        fmt::format(R"({{"name":"{}, CPU","value":{:.2f},"unit":"us/event","least":{:.2f},"most":{:.2f}}})", name,
                    cpu.median, cpu.least, cpu.most));
  }
  void compare(const std::string& name, const std::string& unit, double value, double target, bool met) {
    lines_.push_back(fmt::format(R"({{"name":"{}","value":{:.2f},"unit":"{}","target":{:.2f},"met":{}}})", name, value,
                                 unit, target, met));
  }
  ~Report() { fmt::print("[{}]\n", fmt::join(lines_, ",\n ")); }

 private:
  std::vector<std::string> lines_;
};

double rate_of(const std::vector<Usage>& runs) {
  return spread_of(runs, &Usage::per_second).median;
}
double cpu_of(const std::vector<Usage>& runs) {
  return spread_of(runs, &Usage::cpu_micros).median;
}

void publish(Report& report, Ours& ours, bench::RawKafka& raw, const Executor& executor, const std::string& topic,
             int count, int runs) {
  static_cast<void>(ours.publish(static_cast<int>(kSamples)));
  const auto samples = raw.take(topic, kSamples);
  static_cast<void>(raw.publish(topic, samples, static_cast<int>(kSamples), kWindow));
  std::vector<Usage> tidings, alone, encoding;
  for (int i = 0; i < runs; ++i) {
    tidings.push_back(ours.publish(count));
    alone.push_back(raw.publish(topic, samples, count, kWindow));
    encoding.push_back(encode(executor, count));
  }
  fmt::print(stderr, "a body has {} bytes, with {} headers\n", samples[0].body.size(), samples[0].headers.size());
  report.add("publish, tidings", tidings);
  report.add("publish, raw", alone);
  report.add("JSON encoding", encoding);
  const double ratio = rate_of(tidings) / rate_of(alone);
  report.compare("publish, of raw", "ratio", ratio, 0.90, ratio >= 0.90);
  const double cpu_max = 1.15 * cpu_of(alone) + 1.3 * cpu_of(encoding);
  report.compare("publish, CPU allowed", "us/event", cpu_of(tidings), cpu_max, cpu_of(tidings) <= cpu_max);
}

void consume(Report& report, Ours& ours, bench::RawKafka& raw, const std::string& topic, int count, int runs) {
  std::vector<Usage> tidings, alone;
  for (int i = 0; i < runs; ++i) {
    tidings.push_back(ours.consume(fmt::format("ours-{}", i), count));
    alone.push_back(raw.consume(topic, fmt::format("{}-raw-{}", topic, i), count));
  }
  report.add("consume and settle, tidings", tidings);
  report.add("consume and settle, raw", alone);
  const double ratio = rate_of(tidings) / rate_of(alone);
  report.compare("consume and settle, of raw", "ratio", ratio, 0.90, ratio >= 0.90);
  const double cpu_max = 1.3 * cpu_of(alone);
  report.compare("consume and settle, CPU allowed", "us/event", cpu_of(tidings), cpu_max, cpu_of(tidings) <= cpu_max);
}

}  // namespace

int main(int argc, char** argv) {
  const char* url = std::getenv("TIDINGS_KAFKA_URL");
  if (url == nullptr) {
    fmt::print(stderr, "usage: TIDINGS_KAFKA_URL=kafka://HOST:PORT kafka_bench [EVENTS [RUNS [MEASURES]]]\n");
    return 2;
  }
  const int count = argc > 1 ? std::atoi(argv[1]) : 200'000;
  const int runs = argc > 2 ? std::atoi(argv[2]) : 9;
  const auto executor = thread_executor();
  const std::string prefix = fmt::format("bench{:08x}.", executor->random() & 0xffff'ffffu);
  const std::string brokers = std::string{url}.substr(std::string_view{"kafka://"}.size());
  Report report;
  bench::RawKafka raw{brokers, *executor};
  Ours ours{fmt::format("{}?prefix={}&create_topics=yes&partitions=4", url, prefix), executor};
  const std::string_view measures = argc > 3 ? argv[3] : "ab";
  const auto wanted = [&](char measure) { return measures.find(measure) != std::string_view::npos; };
  publish(report, ours, raw, *executor, prefix + "orders", count, wanted('a') ? runs : 1);
  if (wanted('b')) consume(report, ours, raw, prefix + "orders", count, runs);
  return 0;
}
