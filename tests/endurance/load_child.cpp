// A process of backlog_test, at work on a store of `local:`. Says on standard output how far it is.
//
//   load_child URL publish COUNT    as fast as they are taken: "published N" at the end
//   load_child URL handle MICROS    a service whose handler takes so long: "handled N" for each 500
//   load_child URL pass COUNT       so many go through: published, handled at once by another thread, cleaned after the
//                                   topic's retention; "passed N" for each hundredth
#include <atomic>
#include <boost/describe.hpp>
#include <iostream>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tidings/bus.hpp"
#include "tidings/executor.hpp"
#include "tidings/transport/url.hpp"
#include "transport/local/local_transport.hpp"

namespace load {

struct Reading {
  int number = 0;
  std::string text;
};
BOOST_DESCRIBE_STRUCT(Reading, (), (number, text))

}  // namespace load

template <>
inline constexpr tidings::EventInfo tidings::event_info<load::Reading>{.type = "Reading", .topic = "readings"};

namespace {

using namespace tidings;
using namespace std::chrono_literals;

constexpr std::size_t kBytes = 400;  // of an event's text
constexpr Duration kPatience = 60s;

std::shared_ptr<transport::Transport> open(const std::string& url, const std::shared_ptr<Executor>& executor) {
  auto opened = local::open_local(transport::parse_url(url).value(), executor);
  if (!opened) throw std::runtime_error{opened.error().message};
  return *std::move(opened);
}

void expect(const Result<void>& done) {
  if (!done) throw std::runtime_error{done.error().message};
}

// As users do who want speed: publish_async until that is refused, then wait.
void publish(Bus& bus, Executor& executor, int count) {
  std::atomic<int> lost = 0;
  bool refused = false;  // at once: on this thread
  const auto confirmed = [&, here = std::this_thread::get_id()](const Result<void>& outcome) {
    if (outcome) return;
    if (std::this_thread::get_id() == here) {
      refused = true;
    } else {
      ++lost;
    }
  };
  for (int number = 0; number < count; number += refused ? 0 : 1) {
    refused = false;
    bus.publish_async(load::Reading{.number = number, .text = std::string(kBytes, 'r')},
                      {.aggregate_id = "meter-" + std::to_string(number % 100)}, confirmed);
    if (refused) expect(bus.flush(executor.now() + kPatience));
  }
  expect(bus.flush(executor.now() + kPatience));
  if (lost > 0) throw std::runtime_error{std::to_string(lost) + " were refused"};
  std::cout << "published " << count << std::endl;
}

int run_publisher(const std::string& url, int count) {
  const auto executor = thread_executor();
  Bus bus{open(url, executor), executor, {.name = "publisher"}};
  bus.publishes<load::Reading>();
  expect(bus.start());
  publish(bus, *executor, count);
  return 0;
}

int run_handler(const std::string& url, int micros) {
  const auto executor = thread_executor();
  std::atomic<int> handled = 0;
  Bus bus{open(url, executor), executor, {.name = "slow"}};
  bus.on<load::Reading>([&](const load::Reading&) {
    executor->sleep_until(executor->now() + std::chrono::microseconds{micros});
    if (++handled % 500 == 0) std::cout << "handled " << handled << std::endl;
  });
  expect(bus.start());
  std::cout << "handled 0" << std::endl;
  executor->sleep_until(executor->now() + 24h);
  return 0;
}

// All that goes through the store, at the speed of the transport itself.
class Passage final {
 public:
  Passage(const std::string& url, int count)
      : executor_{thread_executor()}, transport_{open(url, executor_)}, count_{count} {}

  void run() {
    expect(transport_->declare({.topics = {{.name = "readings", .retention = {.age = 1s}}}}));
    auto handler = executor_->spawn("handler", [this] { handle(); });
    const auto publisher = transport_->publisher({}).value();
    while (settled_ < count_) {
      const auto numbers = next();
      if (!numbers.empty()) send(*publisher, numbers);
      if (numbers.empty()) executor_->sleep_until(executor_->now() + kPause);
      if (refusing_.exchange(false)) executor_->sleep_until(executor_->now() + kPauseRefused);
    }
    handler.reset();  // which speaks, too
    std::cout << "refused " << refused_ << std::endl;
  }

 private:
  static constexpr std::size_t kBatch = 1'000;
  static constexpr Duration kPause = 1ms;
  static constexpr Duration kPauseRefused = 50ms;
  static constexpr int kBehindMax = 50'000;  // how far the handling is behind the publishing

  // Of what was refused, or else of what was never sent; none: the handling is too far behind.
  std::vector<int> next() {
    const std::lock_guard lock{mutex_};
    std::vector<int> numbers = std::exchange(again_, {});
    if (numbers.empty() && sent_ - settled_ < kBehindMax) {
      for (; sent_ < count_ && numbers.size() < kBatch; ++sent_) numbers.push_back(sent_);
    }
    return numbers;
  }

  void send(transport::Publisher& publisher, const std::vector<int>& numbers) {
    std::vector<transport::Record> records;
    records.reserve(numbers.size());
    for (const int number : numbers) {
      records.push_back({.topic = "readings",
                         .key = "meter-" + std::to_string(number % 100),
                         .id = std::to_string(number),
                         .type = "Reading",
                         .body = std::string(kBytes, 'r')});
    }
    publisher.send(std::move(records), [this, numbers](std::size_t index, const Result<void>& outcome) {
      if (outcome) return;
      const std::lock_guard lock{mutex_};
      again_.push_back(numbers[index]);
      refusing_ = true;
      ++refused_;
    });
  }

  void handle() {
    const auto consumer =
        transport_->consumer({.group = "g", .topic = "readings", .in_flight_max = 4 * kBatch}).value();
    int told = 0;
    while (settled_ < count_) {
      const auto received = consumer->receive(kBatch, executor_->now() + kPatience);
      expect(received ? Result<void>{} : received.error());
      std::vector<transport::Settlement> settlements;
      for (const auto& delivery : received->deliveries) settlements.push_back({.token = delivery.token});
      for (const auto& settled : settle_now(*consumer, *executor_, std::move(settlements))) expect(settled);
      settled_ += static_cast<int>(received->deliveries.size());
      while (told + count_ / 100 <= settled_) std::cout << "passed " << (told += count_ / 100) << std::endl;
    }
  }

  const std::shared_ptr<Executor> executor_;
  const std::shared_ptr<transport::Transport> transport_;
  const int count_;
  std::atomic<int> settled_ = 0;
  std::mutex mutex_;
  int sent_ = 0;
  std::vector<int> again_;
  std::atomic<bool> refusing_ = false;
  std::atomic<int> refused_ = 0;
};

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 4) return 2;
  const std::string url = argv[1], work = argv[2];
  const int number = std::stoi(argv[3]);
  if (work == "publish") return run_publisher(url, number);
  if (work == "handle") return run_handler(url, number);
  Passage{url, number}.run();
  return 0;
} catch (const std::exception& fault) {
  std::cerr << fault.what() << std::endl;
  return 1;
}
