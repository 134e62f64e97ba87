// How late retries come after their time, and how soon after the SIGKILL of its owner an event is somebody else's, on
// `local:`, on an otherwise idle deployment.
//
//   settling_bench DIRECTORY [RETRIES [TAKEOVERS]]
//
// Prints a JSON array of {name, value, unit, target, met}.
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/describe.hpp>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "tidings/bus.hpp"
#include "tidings/transport/linked.hpp"

namespace {

struct Ticked {
  int number = 0;
};
BOOST_DESCRIBE_STRUCT(Ticked, (), (number))

}  // namespace

template <>
inline constexpr tidings::EventInfo tidings::event_info<Ticked>{.type = "Ticked", .topic = "ticks"};

namespace {

using namespace tidings;
using namespace std::chrono_literals;

constexpr Duration kDelay = 100ms;
constexpr Duration kApart = 5ms;  // between two events: what is measured is no queue
constexpr Duration kPatience = 60s;
constexpr double kLateTargetMs = 50;
constexpr double kTakeoverTargetMs = 2'000;

void expect(const auto& result) {
  if (result) return;
  fmt::print(stderr, "{}\n", result.error().message);
  std::exit(1);
}

double in_ms(Duration time) {
  return std::chrono::duration<double, std::milli>{time}.count();
}

class Report {
 public:
  void add(const std::string& name, std::vector<Duration> times, double target) {
    std::ranges::sort(times);
    for (const auto& [quantile, at] :
         {std::pair{"median", times.size() / 2}, {"p99", times.size() * 99 / 100}, {"max", times.size() - 1}}) {
      const double value = in_ms(times.at(at));
      lines_.push_back(fmt::format(R"({{"name":"{} {}","value":{:.2f},"unit":"ms","target":{},"met":{}}})", name,
                                   quantile, value, target, value <= target));
    }
  }
  ~Report() { fmt::print("[{}]\n", fmt::join(lines_, ",\n ")); }

 private:
  std::vector<std::string> lines_;
};

// Each event fails once, and is repeated after kDelay.
std::vector<Duration> retries(const std::string& url, const std::shared_ptr<Executor>& executor, RetryOrder order,
                              int count) {
  std::mutex mutex;
  std::map<int, Time> failed;
  std::vector<Duration> late;
  Bus bus{transport::open(url, executor).value(), executor,
          BusOptions{.name = order == RetryOrder::strict ? "strict" : "relaxed"}};
  bus.publishes<Ticked>();
  bus.on<Ticked>(
      [&](const Ticked& tick, Context& context) -> Result<void> {
        const std::lock_guard lock{mutex};
        if (context.attempt() == 1) {
          failed[tick.number] = context.now();
          return unavailable("for once");
        }
        late.push_back(context.now() - failed.at(tick.number) - kDelay);
        return {};
      },
      {.retry = {.delay_first = kDelay, .jitter = 0},
       .concurrency = 8,
       .order = order,
       .start = transport::Start{.at = transport::StartAt::end}});
  expect(bus.start());
  for (int i = 0; i < count; ++i) {
    expect(bus.publish(Ticked{i}, {.aggregate_id = std::to_string(i)}));
    executor->sleep_until(executor->now() + kApart);
  }
  const Time deadline = executor->now() + kPatience;
  while (executor->now() < deadline) {
    executor->sleep_until(executor->now() + 5ms);  // the processor belongs to what is measured
    const std::lock_guard lock{mutex};
    if (late.size() == static_cast<std::size_t>(count)) return late;
  }
  fmt::print(stderr, "only {} of {} retries came\n", late.size(), count);
  std::exit(1);
}

// The owner: has the event in flight, says so by a byte, and stands still.
[[noreturn]] void own(const std::string& url, const std::string& group, int ready) {
  const auto executor = thread_executor();
  const auto transport = transport::open(url, executor).value();
  const auto consumer = transport->consumer({.group = group, .topic = "takeovers"}).value();
  while (consumer->receive(1, executor->now() + kPatience).value().deliveries.empty()) {
  }
  if (::write(ready, "!", 1) != 1) _exit(1);
  while (true) ::pause();
}

Duration take_over(transport::Transport& transport, Executor& executor, const std::string& program,
                   const std::string& url, int number) {
  const std::string group = fmt::format("group-{}-{}", getpid(), number);
  int ends[2];
  if (::pipe(ends) != 0) std::exit(1);
  const std::string ready = std::to_string(ends[1]);
  const pid_t owner = ::fork();
  if (owner == 0) {
    ::execl(program.c_str(), program.c_str(), "--own", url.c_str(), group.c_str(), ready.c_str(), nullptr);
    _exit(1);
  }
  char byte = 0;
  ::close(ends[1]);
  if (::read(ends[0], &byte, 1) != 1) std::exit(1);
  ::close(ends[0]);
  const auto heir = transport.consumer({.group = group, .topic = "takeovers"}).value();
  static_cast<void>(heir->receive(1, executor.now() + 20ms).value());
  const Time killed = executor.now();
  ::kill(owner, SIGKILL);
  while (true) {
    const auto batch = heir->receive(1, killed + kPatience).value();
    const Duration took = executor.now() - killed;
    if (batch.deliveries.empty() && took < kPatience) continue;
    ::waitpid(owner, nullptr, 0);
    return took;
  }
}

std::vector<Duration> takeovers(const std::string& program, const std::string& url,
                                const std::shared_ptr<Executor>& executor, int count) {
  const auto transport = transport::open(url, executor).value();
  expect(transport->declare({.topics = {{.name = "takeovers", .partitions = 1}}, .published = {}}));
  const auto publisher = transport->publisher({}).value();
  publisher->send({{.topic = "takeovers", .key = "k", .id = "1"}},
                  [](std::size_t, const Result<void>& outcome) { expect(outcome); });
  expect(publisher->flush(executor->now() + kPatience));
  std::vector<Duration> times;
  for (int i = 0; i < count; ++i) times.push_back(take_over(*transport, *executor, program, url, i));
  return times;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 5 && std::string_view{argv[1]} == "--own") own(argv[2], argv[3], std::atoi(argv[4]));
  if (argc < 2) {
    fmt::print(stderr, "usage: settling_bench DIRECTORY [RETRIES [TAKEOVERS]]\n");
    return 2;
  }
  const int count = argc > 2 ? std::atoi(argv[2]) : 500;
  const int kills = argc > 3 ? std::atoi(argv[3]) : 100;
  const std::filesystem::path directory = std::filesystem::path{argv[1]} / "settling_bench";
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  const std::string url = "local:" + (directory / "events").string();
  const auto executor = thread_executor();
  Report report;
  report.add("strict retry, late by", retries(url, executor, RetryOrder::strict, count), kLateTargetMs);
  report.add("relaxed retry, late by", retries(url, executor, RetryOrder::relaxed, count), kLateTargetMs);
  report.add("takeover after SIGKILL", takeovers("/proc/self/exe", url, executor, kills), kTakeoverTargetMs);
  return 0;
}
