// What a user pays on RabbitMQ over rabbitmq-c alone, doing the same with the same bytes, in turns.
//
//   rabbitmq_bench [EVENTS [RUNS [MEASURES]]]
//
// TIDINGS_RABBITMQ_URL names the server (`scripts/rabbitmq up DIR` prints it). Leaves exchanges and queues with a
// prefix of its own there. Both sides publish to the same exchange and consume the same queue: a quorum queue, without
// the stream that keeps a topic's events besides.
// MEASURES are of abcde: a publish, b consume bytes, c typed handlers, d latency, e a and b on a classic queue.
// Prints a table to standard error, and a JSON array of {name, value, unit, least, most, target, met}; least and most
// are of the runs.
#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "ours.hpp"
#include "raw_rabbitmq.hpp"
#include "report.hpp"

namespace {

using namespace tidings;
using namespace tidings::bench;

constexpr int kWindow = 256;  // events that are not confirmed, on either side
constexpr std::uint16_t kPrefetch = 256;
constexpr std::size_t kSamples = 100;
constexpr int kLatencies = 500;
constexpr const char* kGroup = "bench";

// One queue, and both sides of it.
class Place final {
 public:
  Place(const std::string& url, std::shared_ptr<Executor> executor, const std::string& kind)
      : executor_{std::move(executor)},
        prefix_{fmt::format("{}{:08x}.", kind, executor_->random() & 0xffff'ffffu)},
        url_{fmt::format("{}?prefix={}&queue={}&prefetch={}&history=no", url, prefix_, kind, kPrefetch)},
        raw_{url, *executor_},
        ours_{url_, executor_} {
    ours_.subscribe(kGroup);
    static_cast<void>(ours_.publish(static_cast<int>(kSamples), kWindow));
    samples_ = raw_.take(queue(), kSamples);
  }

  const AmqpSample& sample() const { return samples_.front(); }
  Usage publish_ours(int count) { return emptied(ours_.publish(count, kWindow)); }
  Usage publish_raw(int count) { return emptied(raw_.publish(samples_, count, kWindow)); }
  Usage consume_ours(int count) {
    fill(count);
    return emptied(ours_.consume(kGroup, count));
  }
  Usage consume_raw(int count) {
    fill(count);
    return emptied(raw_.consume(queue(), count, kPrefetch));
  }
  Usage handle_ours(int count) {
    fill(count);
    return emptied(handle(url_, executor_, {.group = kGroup, .count = count}));
  }
  std::vector<double> wait_ours() { return in_ms(latencies(url_, executor_, kGroup, kLatencies)); }
  std::vector<double> wait_raw() { return in_ms(raw_.latencies(queue(), sample(), kLatencies)); }

 private:
  std::string queue() const { return fmt::format("{}{}.orders_queue", prefix_, kGroup); }
  Usage emptied(const Usage& usage) {
    raw_.purge(queue());
    return usage;
  }
  void fill(int count) { static_cast<void>(raw_.publish(samples_, count, kWindow)); }

  const std::shared_ptr<Executor> executor_;
  const std::string prefix_;
  const std::string url_;
  RawRabbitmq raw_;
  Ours ours_;
  std::vector<AmqpSample> samples_;
};

class Bench final {
 public:
  Bench(std::string url, int count, int runs)
      : executor_{thread_executor()}, url_{std::move(url)}, count_{count}, runs_{runs} {
    for (int i = 0; i < runs_; ++i) {
      const auto [encoding, decoding] = code(Profile::rabbitmq, *executor_, count_);
      encoding_.push_back(encoding);
      decoding_.push_back(decoding);
    }
    const AmqpSample& sample = quorum_.sample();
    fmt::print(stderr, "a body has {} bytes, with {} headers\n", sample.body.size(), sample.headers.size());
  }

  void publish() {
    std::vector<Usage> tidings, alone;
    for (int i = 0; i < runs_; ++i) {
      tidings.push_back(quorum_.publish_ours(count_));
      alone.push_back(quorum_.publish_raw(count_));
    }
    report_.add("publish, tidings", tidings);
    report_.add("publish, raw", alone);
    report_.add("JSON encoding", encoding_);
    report_.ratio("publish, of raw", rate_of(tidings) / rate_of(alone), 0.95);
    report_.most("publish, CPU allowed", "us/event", cpu_of(tidings), 1.15 * cpu_of(alone) + 1.3 * cpu_of(encoding_));
  }

  void consume() {
    std::vector<Usage> tidings, alone;
    for (int i = 0; i < runs_; ++i) {
      tidings.push_back(quorum_.consume_ours(count_));
      alone.push_back(quorum_.consume_raw(count_));
    }
    report_.add("consume and settle, tidings", tidings);
    report_.add("consume and settle, raw", alone);
    report_.ratio("consume and settle, of raw", rate_of(tidings) / rate_of(alone), 0.95);
    report_.most("consume and settle, CPU allowed", "us/event", cpu_of(tidings), 1.2 * cpu_of(alone));
  }

  void handle_typed() {
    std::vector<Usage> tidings, alone;
    for (int i = 0; i < runs_; ++i) {
      tidings.push_back(quorum_.handle_ours(count_));
      alone.push_back(quorum_.consume_raw(count_));
    }
    report_.add("typed handler, tidings", tidings);
    report_.add("typed handler, raw bytes", alone);
    report_.add("JSON decoding", decoding_);
    report_.most("typed handler, CPU allowed", "us/event", cpu_of(tidings),
                 1.2 * cpu_of(alone) + 1.2 * cpu_of(decoding_));
  }

  void be_idle() {
    std::vector<double> tidings, alone;
    for (int i = 0; i < runs_; ++i) {
      std::ranges::copy(quorum_.wait_ours(), std::back_inserter(tidings));
      std::ranges::copy(quorum_.wait_raw(), std::back_inserter(alone));
    }
    report_.add("publish to handler, tidings", tidings);
    report_.add("publish to handler, raw", alone);
    report_.most("publish to handler, times raw", "ratio", at(tidings, 0.5) / at(alone, 0.5), 1.15);
  }

  void compare_kinds() {
    Place classic{url_, executor_, "classic"};
    std::vector<Usage> publishing[2], consuming[2];
    for (int i = 0; i < runs_; ++i) {
      publishing[0].push_back(quorum_.publish_ours(count_));
      publishing[1].push_back(classic.publish_ours(count_));
      consuming[0].push_back(quorum_.consume_ours(count_));
      consuming[1].push_back(classic.consume_ours(count_));
    }
    report_.add("publish to a quorum queue", publishing[0]);
    report_.add("publish to a classic queue", publishing[1]);
    report_.add("consume and settle, quorum queue", consuming[0]);
    report_.add("consume and settle, classic queue", consuming[1]);
  }

 private:
  const std::shared_ptr<Executor> executor_;
  const std::string url_;
  const int count_;
  const int runs_;
  Report report_;
  std::vector<Usage> encoding_, decoding_;
  Place quorum_{url_, executor_, "quorum"};
};

}  // namespace

int main(int argc, char** argv) {
  const char* url = std::getenv("TIDINGS_RABBITMQ_URL");
  if (url == nullptr) {
    fmt::print(stderr, "usage: TIDINGS_RABBITMQ_URL=amqp://HOST:PORT/ rabbitmq_bench [EVENTS [RUNS [MEASURES]]]\n");
    return 2;
  }
  Bench bench{url, argc > 1 ? std::atoi(argv[1]) : 50'000, argc > 2 ? std::atoi(argv[2]) : 9};
  for (const char measure : std::string{argc > 3 ? argv[3] : "abcde"}) {
    if (measure == 'a') bench.publish();
    if (measure == 'b') bench.consume();
    if (measure == 'c') bench.handle_typed();
    if (measure == 'd') bench.be_idle();
    if (measure == 'e') bench.compare_kinds();
  }
  return 0;
}
