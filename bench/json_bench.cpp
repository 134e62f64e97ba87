// What it costs to read and to write the article's whole order event: by our codec, by hand-written code over the same
// parser, and by nlohmann-json, in turns.
//
//   json_bench [EVENTS [RUNS]]
//
// Prints a JSON array of {name, value, unit, least, most, target, met}; least and most are of the runs.
#include <fmt/format.h>

#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "json_rivals.hpp"
#include "report.hpp"
#include "tidings/codec.hpp"

namespace {

using namespace tidings;
using namespace tidings::bench;

OrderEvent the_order() {
  using namespace std::chrono;
  return {.envelope = {.id = "0197d2a4-8c11-7f3a-9d55-0c8a6f1be001",
                       .type = "OrderCreated",
                       .time = Time{sys_days{2026y / 1 / 2}} + 3h + 4min + 5s + 123'456us,
                       .aggregate_id = "order-0004711",
                       .version = 1,
                       .correlation_id = "0197d2a4-8c11-7f3a-9d55-0c8a6f1be002",
                       .causation_id = "0197d2a4-8c11-7f3a-9d55-0c8a6f1be003",
                       .metadata = {{"environment", "production"}, {"source", "web-shop"}, {"userId", "user-123"}}},
          .data = sample_order()};
}

class Coding final {
 public:
  Coding(int events, int runs) : executor_{thread_executor()}, events_{events}, runs_{runs} {
    write_ours();
    fmt::print(stderr, "an event has {} bytes\n", body_.size());
  }

  void reading() {
    std::vector<Usage> ours, by_hand, library;
    for (int i = 0; i < runs_; ++i) {
      ours.push_back(measure([&](OrderEvent& event) {
        return bool(codec_->decode(Profile::kafka, body_, event.envelope, describe<OrderCreated>(), &event.data));
      }));
      by_hand.push_back(measure([&](OrderEvent& event) { return hand_written_.read(body_, event); }));
      library.push_back(measure([&](OrderEvent& event) { return read_nlohmann(body_, event); }));
    }
    report_.add("JSON decode, tidings", ours);
    report_.add("JSON decode, simdjson by hand", by_hand);
    report_.add("JSON decode, nlohmann-json", library);
    report_.at_most("JSON decode, of by hand", cpu(ours), cpu(by_hand), 1.15);
    report_.at_least("JSON decode, times nlohmann-json", cpu(library), cpu(ours), 8);
  }

  void writing() {
    std::vector<Usage> ours, library;
    std::string text;
    for (int i = 0; i < runs_; ++i) {
      ours.push_back(measure([&](OrderEvent&) { return write_ours(); }));
      library.push_back(measure([&](OrderEvent&) {
        write_nlohmann(order_, text);
        return true;
      }));
    }
    report_.add("JSON encode, tidings", ours);
    report_.add("JSON encode, nlohmann-json", library);
    report_.at_least("JSON encode, times nlohmann-json", cpu(library), cpu(ours), 8);
  }

 private:
  static std::vector<double> cpu(const std::vector<Usage>& runs) { return of_all(runs, &Usage::cpu_micros); }

  bool write_ours() {
    return bool(codec_->encode(Profile::kafka, order_.envelope, describe<OrderCreated>(), &order_.data, body_));
  }

  // Each event into an object of its own, as a handler gets it.
  Usage measure(const std::function<bool(OrderEvent&)>& work) {
    const Stopwatch watch{*executor_};
    for (int i = 0; i < events_; ++i) {
      OrderEvent event;
      if (work(event)) continue;
      fmt::print(stderr, "the event could not be read\n");
      std::exit(1);
    }
    return watch.of(events_);
  }

  const std::shared_ptr<Executor> executor_;
  const int events_;
  const int runs_;
  const std::unique_ptr<const Codec> codec_ = json_codec();
  const OrderEvent order_ = the_order();
  std::string body_;
  HandWritten hand_written_;
  Report report_;
};

}  // namespace

int main(int argc, char** argv) {
  Coding coding{argc > 1 ? std::atoi(argv[1]) : 100'000, argc > 2 ? std::atoi(argv[2]) : 9};
  coding.reading();
  coding.writing();
}
