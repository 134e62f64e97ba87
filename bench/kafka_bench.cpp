// What a user pays on Apache Kafka over librdkafka alone, doing the same with the same bytes, in turns.
//
//   kafka_bench [EVENTS [RUNS [MEASURES]]]
//
// TIDINGS_KAFKA_URL names the broker (`scripts/kafka up DIR` prints it). Leaves topics with a prefix of its own there.
// MEASURES are of abcdef: a publish, b consume bytes, c typed handlers, d lanes that wait, e latency, f transactions.
// Prints a JSON array of {name, value, unit, least, most, target, met}; least and most are of the runs.
#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "ours.hpp"
#include "raw_kafka.hpp"
#include "report.hpp"

namespace {

using namespace tidings;
using namespace std::chrono_literals;
using namespace tidings::bench;

constexpr int kWindow = 50'000;  // events that are not confirmed, on either side
constexpr std::size_t kSamples = 1'000;
constexpr int kWaiting = 4'000;  // events whose handlers wait, one of sixteen of them one at a time
constexpr int kLatencies = 500;
constexpr int kTransacted = 20'000;
constexpr int kLanes = 16;

class Bench final {
 public:
  Bench(std::string url, int count, int runs)
      : executor_{thread_executor()},
        prefix_{fmt::format("bench{:08x}.", executor_->random() & 0xffff'ffffu)},
        url_{std::move(url)},
        count_{count},
        runs_{runs},
        raw_{url_.substr(std::string_view{"kafka://"}.size()), *executor_},
        ours_{url_of(prefix_), executor_} {
    for (int i = 0; i < runs_; ++i) {
      const auto [encoding, decoding] = code(Profile::kafka, *executor_, count_);
      encoding_.push_back(encoding);
      decoding_.push_back(decoding);
    }
    static_cast<void>(ours_.publish(count_, kWindow));  // what the others read
  }

  void publish() {
    const auto samples = raw_.take(topic(), kSamples);
    static_cast<void>(raw_.publish(topic(), samples, static_cast<int>(kSamples), kWindow));
    std::vector<Usage> tidings, alone;
    for (int i = 0; i < runs_; ++i) {
      tidings.push_back(ours_.publish(count_, kWindow));
      alone.push_back(raw_.publish(topic(), samples, count_, kWindow));
    }
    fmt::print(stderr, "a body has {} bytes, with {} headers\n", samples[0].body.size(), samples[0].headers.size());
    report_.add("publish, tidings", tidings);
    report_.add("publish, raw", alone);
    report_.add("JSON encoding", encoding_);
    report_.ratio("publish, of raw", rate_of(tidings) / rate_of(alone), 0.90);
    report_.most("publish, CPU allowed", "us/event", cpu_of(tidings), 1.15 * cpu_of(alone) + 1.3 * cpu_of(encoding_));
  }

  void consume() {
    std::vector<Usage> tidings, alone;
    for (int i = 0; i < runs_; ++i) {
      tidings.push_back(ours_.consume(fmt::format("ours-{}", i), count_));
      alone.push_back(raw_.consume(topic(), fmt::format("{}raw-{}", prefix_, i), count_));
    }
    report_.add("consume and settle, tidings", tidings);
    report_.add("consume and settle, raw", alone);
    report_.ratio("consume and settle, of raw", rate_of(tidings) / rate_of(alone), 0.90);
    report_.most("consume and settle, CPU allowed", "us/event", cpu_of(tidings), 1.3 * cpu_of(alone));
  }

  void handle_typed() {
    std::vector<Usage> tidings, alone;
    for (int i = 0; i < runs_; ++i) {
      tidings.push_back(handle(url_of(prefix_), executor_, {.group = fmt::format("typed-{}", i), .count = count_}));
      alone.push_back(raw_.consume(topic(), fmt::format("{}raw-typed-{}", prefix_, i), count_));
    }
    report_.add("typed handler, tidings", tidings);
    report_.add("typed handler, raw bytes", alone);
    report_.add("JSON decoding", decoding_);
    report_.most("typed handler, CPU allowed", "us/event", cpu_of(tidings),
                 1.3 * cpu_of(alone) + 1.2 * cpu_of(decoding_));
  }

  void wait_in_lanes() {
    const std::string url = url_of(prefix_ + "one.", "&partitions=1");
    static_cast<void>(Ours{url, executor_}.publish(kWaiting, kWindow));
    const Handling at_once{.group = "lanes", .count = kWaiting, .lanes = kLanes, .work = 5ms};
    const Handling alone{.group = "one", .count = kWaiting / kLanes, .lanes = 1, .work = 5ms};
    std::vector<Usage> lanes{handle(url, executor_, at_once)}, one{handle(url, executor_, alone)};
    report_.add("handlers wait 5 ms, 16 lanes", lanes);
    report_.add("handlers wait 5 ms, one at a time", one);
    report_.ratio("16 lanes, times one at a time", rate_of(lanes) / rate_of(one), 15);
  }

  void be_idle() {
    const std::string url = url_of(prefix_ + "idle.", "&partitions=1&linger=0ms");
    const auto ours = in_ms(latencies(url, executor_, "latency", kLatencies));
    const auto sample = raw_.take(prefix_ + "idle.orders", 1);
    const auto alone = in_ms(raw_.latencies(prefix_ + "idle.orders", sample.front(), kLatencies));
    report_.add("publish to handler, tidings", ours);
    report_.add("publish to handler, raw", alone);
    report_.most("publish to handler, times raw", "ratio", at(ours, 0.5) / at(alone, 0.5), 1.15);
  }

  void transact() {
    const std::string url = url_of(prefix_, "&transactional=yes");
    const int count = std::min(count_, kTransacted);
    const auto run = [&](const std::string& at, const std::string& group) {
      return std::vector{handle(at, executor_, {.group = group, .count = count, .publishes = true})};
    };
    report_.add("a handler that publishes, with transactions", run(url, "transactions"));
    report_.add("a handler that publishes, without", run(url_of(prefix_), "outputs"));
  }

 private:
  std::string url_of(const std::string& prefix, std::string_view more = "&partitions=4") const {
    const bool has_partitions = more.find("&partitions=") != std::string_view::npos;
    return fmt::format("{}?prefix={}&create_topics=yes{}{}", url_, prefix, more, has_partitions ? "" : "&partitions=4");
  }
  std::string topic() const { return prefix_ + "orders"; }

  const std::shared_ptr<Executor> executor_;
  const std::string prefix_;
  const std::string url_;
  const int count_;
  const int runs_;
  Report report_;
  std::vector<Usage> encoding_, decoding_;
  RawKafka raw_;
  Ours ours_;
};

}  // namespace

int main(int argc, char** argv) {
  const char* url = std::getenv("TIDINGS_KAFKA_URL");
  if (url == nullptr) {
    fmt::print(stderr, "usage: TIDINGS_KAFKA_URL=kafka://HOST:PORT kafka_bench [EVENTS [RUNS [MEASURES]]]\n");
    return 2;
  }
  Bench bench{url, argc > 1 ? std::atoi(argv[1]) : 200'000, argc > 2 ? std::atoi(argv[2]) : 9};
  for (const char measure : std::string{argc > 3 ? argv[3] : "abcdef"}) {
    if (measure == 'a') bench.publish();
    if (measure == 'b') bench.consume();
    if (measure == 'c') bench.handle_typed();
    if (measure == 'd') bench.wait_in_lanes();
    if (measure == 'e') bench.be_idle();
    if (measure == 'f') bench.transact();
  }
  return 0;
}
