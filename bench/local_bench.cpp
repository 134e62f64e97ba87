// What a `local:` store with sync=commit costs over the file that it could be: publishing by batches and by many at
// once, and how the cost grows with what is stored and with the number of groups.
//
//   local_bench DIRECTORY [RUNS [MEASURES [EVENTS_MOST]]]
//
// DIRECTORY is on the disk that is measured. MEASURES are of dei: d batches, e single events, i growth with up to
// EVENTS_MOST stored events (10^7: 7 GB).
// Prints a JSON array of {name, value, unit, least, most, target, met}; least and most are of the runs.
#include <functional>

#include "local_side.hpp"
#include "raw_file.hpp"
#include "report.hpp"

namespace {

using namespace tidings;
using namespace tidings::bench;

constexpr std::size_t kBytes = 512;      // of a record, key and ids included
constexpr int kAtOnce = 64;              // publishers of one event each
constexpr int kSingles = 50;             // that each of them publishes
constexpr int kRawSingles = 500;         // appended one by one beside them
constexpr int kBatchedBytes = 16 << 20;  // of a run
constexpr int kDelivered = 10'000;       // events whose delivery is measured
constexpr int kFill = 1'000;             // events a batch, while a store is filled
constexpr int kGrouped = 5'000;          // events published while there are so many groups

class Bench final {
 public:
  Bench(std::filesystem::path directory, int runs) : directory_{std::move(directory) / "local_bench"}, runs_{runs} {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
  }
  ~Bench() { std::filesystem::remove_all(directory_); }

  void batches() {
    LocalSide store{directory_ / "events", executor_, {.bytes = kBytes}};
    RawFile file{directory_ / "raw"};
    for (const auto& [size, target] : {std::pair{100, 0.5}, {1'000, 0.6}}) {
      const int rounds = kBatchedBytes / static_cast<int>(kBytes) / size;
      const std::string bytes(kBytes * static_cast<std::size_t>(size), 'x');
      std::vector<Usage> ours, raw;
      for (int run = 0; run < runs_; ++run) {
        ours.push_back(publish(store, rounds, size));
        raw.push_back(repeat(rounds, size, [&] { file.append(bytes); }));
      }
      const std::string name = fmt::format("local publish, batches of {}", size);
      report_.add(name, ours);
      report_.add(name + ", raw", raw);
      report_.at_least(name + ", of raw", rates(ours), rates(raw), target);
    }
  }

  void singles() {
    LocalSide store{directory_ / "singles", executor_, {.bytes = kBytes}};
    RawFile file{directory_ / "raw"};
    const std::string bytes(kBytes, 'x');
    std::vector<Usage> ours, raw;
    for (int run = 0; run < runs_; ++run) {
      ours.push_back(repeat(1, kAtOnce * kSingles, [&] {
        std::vector<std::unique_ptr<Thread>> publishers;
        for (int i = 0; i < kAtOnce; ++i) {
          publishers.push_back(executor_->spawn("publisher", [&] {
            for (int event = 0; event < kSingles; ++event) store.publish(store.records(1));
          }));
        }
      }));
      raw.push_back(repeat(kRawSingles, 1, [&] { file.append(bytes); }));
    }
    report_.add(fmt::format("local publish, {} at once", kAtOnce), ours);
    report_.add("an fdatasync an event", raw);
    report_.at_least(fmt::format("local publish, {} at once, times", kAtOnce), rates(ours), rates(raw), 10);
  }

  // Stores of more and more events: what 10,000 more take to be delivered and settled.
  void growth(int most) {
    LocalSide store{directory_ / "growth", executor_, {.bytes = kBytes}};
    std::vector<double> all;
    int stored = 0;
    for (int size = 10'000; size <= most; size *= 10) {
      while (stored < size) store.publish(store.records(kFill)), stored += kFill;
      std::vector<Usage> runs;
      for (int run = 0; run < runs_; ++run) {
        const std::string group = fmt::format("g{}-{}", size, run);
        store.subscribe(group);
        for (int i = 0; i < kDelivered / kFill; ++i) store.publish(store.records(kFill));
        stored += kDelivered;
        runs.push_back(store.consume(group, kDelivered));
        expect(store.transport().operations().topology->remove_group(group));
      }
      report_.add(fmt::format("delivery, {} stored", size), runs);
      all.push_back(cpu_of(runs));
    }
    report_.most("delivery, CPU, most stored of fewest", "ratio", all.back() / all.front(), 1.25);
  }

  void groups() {
    LocalSide store{directory_ / "groups", executor_, {.bytes = kBytes}};
    std::vector<double> all;
    int groups = 0;
    for (const int count : {1, 10, 50}) {
      for (; groups < count; ++groups) store.subscribe(fmt::format("group-{}", groups));
      std::vector<Usage> runs;
      for (int run = 0; run < runs_; ++run) {
        runs.push_back(publish(store, kGrouped / 100, 100));
      }
      report_.add(fmt::format("publish, {} groups", count), runs);
      all.push_back(cpu_of(runs));
    }
    report_.most("publish, CPU, 50 groups of 1", "ratio", all.back() / all.front(), 1.25);
  }

 private:
  static std::vector<double> rates(const std::vector<Usage>& runs) { return of_all(runs, &Usage::per_second); }

  // One batch after the other. They are there before: the file's bytes are, too.
  Usage publish(LocalSide& store, int rounds, int size) const {
    std::vector<LocalSide::Records> batches;
    for (int i = 0; i < rounds; ++i) batches.push_back(store.records(size));
    auto next = batches.begin();
    return repeat(rounds, size, [&] { store.publish(std::move(*next++)); });
  }

  Usage repeat(int rounds, int events, const std::function<void()>& work) const {
    const Stopwatch watch{*executor_};
    for (int i = 0; i < rounds; ++i) work();
    return watch.of(rounds * events);
  }

  const std::shared_ptr<Executor> executor_ = thread_executor();
  const std::filesystem::path directory_;
  const int runs_;
  Report report_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: local_bench DIRECTORY [RUNS [MEASURES [EVENTS_MOST]]]\n");
    return 2;
  }
  const std::string measures = argc > 3 ? argv[3] : "dei";
  Bench bench{argv[1], argc > 2 ? std::atoi(argv[2]) : 9};
  const auto wants = [&](char measure) { return measures.find(measure) != measures.npos; };
  if (wants('d')) bench.batches();
  if (wants('e')) bench.singles();
  if (wants('i')) bench.growth(argc > 4 ? std::atoi(argv[4]) : 1'000'000), bench.groups();
}
