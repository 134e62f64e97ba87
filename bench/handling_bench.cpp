// What services on a `local:` store with sync=commit give and take: events through a typed handler in another process,
// how soon it has them, and what services cost that have nothing to do.
//
//   handling_bench DIRECTORY [RUNS [MEASURES [EVENTS]]]
//
// DIRECTORY is on the disk that is measured. MEASURES are of fgh: f events through, g latency, h idle services.
// Prints a JSON array of {name, value, unit, least, most, target, met}; least and most are of the runs.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <mutex>
#include <optional>
#include <sstream>

#include "local_side.hpp"
#include "order.hpp"
#include "raw_file.hpp"
#include "report.hpp"
#include "tidings/bus.hpp"
#include "tidings/codec.hpp"

namespace {

using namespace tidings;
using namespace tidings::bench;
using namespace std::chrono_literals;

constexpr Duration kPatience = 120s;
constexpr int kBatch = 1'000;
constexpr int kLatencies = 500;
constexpr Duration kApart = 5ms;      // between two events of which each is measured alone
constexpr int kFieldsBeforeCpu = 11;  // behind the name, in /proc/PID/stat (proc(5))
constexpr int kIdle = 6;
constexpr Duration kSettlesDown = 2s;
constexpr Duration kIdleFor = 20s;

std::string body_of(const OrderCreated& order) {
  const Envelope envelope{.id = "0197d2a4-8c11-7f3a-9d55-0c8a6f1be001",
                          .type = "OrderCreated",
                          .time = Time{} + 1'767'323'045s,
                          .aggregate_id = "order-0004711",
                          .correlation_id = "0197d2a4-8c11-7f3a-9d55-0c8a6f1be002"};
  std::string body;
  expect(json_codec()->encode(Profile::kafka, envelope, describe<OrderCreated>(), &order, body));
  return body;
}

// ---- the service, in a process of its own

void tell(int pipe, Time time) {
  const auto micros = time.time_since_epoch().count();
  if (::write(pipe, &micros, sizeof micros) != sizeof micros) std::_Exit(1);
}

// Tells when it is there, then when each event is handled (`each`) or all of them are settled.
int serve(const std::string& url, const std::string& group, int count, bool each, int pipe) {
  const auto executor = thread_executor();
  std::mutex mutex;
  const auto changed = executor->condition();
  int seen = 0;
  auto transport = transport::open(url, executor);
  expect(transport);
  Bus bus{*std::move(transport), executor, BusOptions{.name = group}};
  bus.on<OrderCreated>(
      [&](const OrderCreated&) {
        if (each) tell(pipe, executor->now());
        const std::lock_guard lock{mutex};
        if (++seen == count) changed->notify_all();
      },
      {.start = transport::Start{.at = transport::StartAt::end}});
  expect(bus.start());
  tell(pipe, executor->now());
  std::unique_lock lock{mutex};
  while (seen < count) changed->wait_until(lock, executor->now() + kPatience);
  lock.unlock();
  expect(bus.stop(executor->now() + kPatience));
  tell(pipe, executor->now());
  return 0;
}

class Served final {
 public:
  Served(const std::string& url, const std::string& group, int count, bool each) {
    int ends[2];
    if (::pipe(ends) != 0) std::exit(1);
    const std::string numbers = fmt::format("{},{},{}", count, each ? 1 : 0, ends[1]);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::execl("/proc/self/exe", "handling_bench", "--serve", url.c_str(), group.c_str(), numbers.c_str(), nullptr);
      std::_Exit(1);
    }
    ::close(ends[1]);
    told_ = ends[0];
    heard();
  }
  ~Served() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    ::close(told_);
  }
  Served(const Served&) = delete;
  Served& operator=(const Served&) = delete;

  // What it tells next.
  Time heard() const {
    Duration::rep micros = 0;
    if (::read(told_, &micros, sizeof micros) == sizeof micros) return Time{Duration{micros}};
    fmt::print(stderr, "the service ended too early\n");
    std::exit(1);
  }

  // To a hundredth of a second.
  double cpu_seconds() const {
    std::ifstream file{fmt::format("/proc/{}/stat", pid_)};
    std::string text{std::istreambuf_iterator<char>{file}, {}};
    std::istringstream fields{text.substr(text.rfind(')') + 1)};
    std::string skipped;
    for (int i = 0; i < kFieldsBeforeCpu; ++i) fields >> skipped;
    double user = 0, system = 0;
    fields >> user >> system;
    return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  }

 private:
  pid_t pid_ = -1;
  int told_ = -1;
};

// ---- the measures

class Bench final {
 public:
  Bench(std::filesystem::path directory, int runs, int events)
      : directory_{std::move(directory) / "handling_bench"}, runs_{runs}, events_{events} {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
    store_.emplace(directory_ / "events", executor_, Content{.body = body_});
  }
  ~Bench() {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }

  void through() {
    RawFile file{directory_ / "raw"};
    const std::string bytes(transport::size_of(store_->records(1).front()) * kBatch, 'x');
    std::vector<Usage> ours, raw, decoding;
    for (int run = 0; run < runs_; ++run) {
      ours.push_back(through(fmt::format("through-{}", run)));
      const Stopwatch watch{*executor_};
      for (int i = 0; i < events_ / kBatch; ++i) file.append(bytes);
      raw.push_back(watch.of(events_));
      decoding.push_back(decode_order(body_, *executor_, events_));
    }
    report_.add("local publish, handle, settle", ours);
    report_.add("raw append", raw);
    report_.add("decoding", decoding);
    report_.at_least("local publish, handle, settle, of raw append", of_all(ours, &Usage::per_second),
                     of_all(raw, &Usage::per_second), 0.2);
    report_.most("local publish, handle, settle, CPU", "us/event", cpu_of(ours), 4 * (cpu_of(raw) + cpu_of(decoding)));
  }

  void latency() {
    RawFile file{directory_ / "raw"};
    const std::string bytes(transport::size_of(store_->records(1).front()), 'x');
    const Served served{store_->url(), "latency", kLatencies, true};
    std::vector<Duration> times, commits;
    for (int i = 0; i < kLatencies; ++i) {
      executor_->sleep_until(executor_->now() + kApart);
      const Time appended = executor_->now();
      file.append(bytes);
      commits.push_back(executor_->now() - appended);
      executor_->sleep_until(executor_->now() + kApart);
      const Time published = executor_->now();
      store_->publish(store_->records(1));
      times.push_back(served.heard() - published);
    }
    report_.add("write and fdatasync of an event", in_ms(commits));
    report_.add("publish to handler in another process", in_ms(times));
    report_.most("publish to handler, median", "ms", at(in_ms(times), 0.5), 2 * at(in_ms(commits), 0.5) + 0.3);
  }

  void idle() {
    std::vector<std::unique_ptr<Served>> services;
    for (int i = 0; i < kIdle; ++i) {
      services.push_back(std::make_unique<Served>(store_->url(), fmt::format("idle-{}", i), 1, false));
    }
    const auto used = [&] {
      double seconds = 0;
      for (const auto& service : services) seconds += service->cpu_seconds();
      return seconds;
    };
    executor_->sleep_until(executor_->now() + kSettlesDown);
    const double before = used();
    executor_->sleep_until(executor_->now() + kIdleFor);
    const std::chrono::duration<double> wall = kIdleFor;
    report_.most(fmt::format("{} idle services, of one core", kIdle), "%", 100 * (used() - before) / wall.count(), 1);
  }

 private:
  // From the first event that is published to the last one that is settled; CPU of both processes.
  Usage through(const std::string& group) {
    const Served served{store_->url(), group, events_, false};
    std::vector<LocalSide::Records> batches;
    for (int i = 0; i < events_ / kBatch; ++i) batches.push_back(store_->records(kBatch));
    const double before = served.cpu_seconds();
    const Time start = executor_->now();
    const Stopwatch watch{*executor_};
    for (auto& batch : batches) store_->publish(std::move(batch));
    const std::chrono::duration<double> took = served.heard() - start;
    const double cpu = served.cpu_seconds() - before;
    return {.per_second = events_ / took.count(), .cpu_micros = watch.of(events_).cpu_micros + cpu * 1e6 / events_};
  }

  const std::shared_ptr<Executor> executor_ = thread_executor();
  const std::filesystem::path directory_;
  const int runs_;
  const int events_;
  const std::string body_ = body_of(sample_order());
  std::optional<LocalSide> store_;
  Report report_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc == 5 && std::string_view{argv[1]} == "--serve") {
    int count = 0, each = 0, pipe = 0;
    if (std::sscanf(argv[4], "%d,%d,%d", &count, &each, &pipe) != 3) return 2;
    return serve(argv[2], argv[3], count, each != 0, pipe);
  }
  if (argc < 2) {
    fmt::print(stderr, "usage: handling_bench DIRECTORY [RUNS [MEASURES [EVENTS]]]\n");
    return 2;
  }
  const std::string measures = argc > 3 ? argv[3] : "fgh";
  Bench bench{argv[1], argc > 2 ? std::atoi(argv[2]) : 9, argc > 4 ? std::atoi(argv[4]) : 100'000};
  const auto wants = [&](char measure) { return measures.find(measure) != measures.npos; };
  if (wants('f')) bench.through();
  if (wants('g')) bench.latency();
  if (wants('h')) bench.idle();
}
