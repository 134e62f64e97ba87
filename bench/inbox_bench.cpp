// Marks a second of the SQLite inbox, one business insert each, in transactions of 500 with synchronous=FULL.
//
//   inbox_bench DIRECTORY [MARKS]
//
// Prints a JSON array of {name, value, unit, target, met}. `derived ids` come in no order, `plain ids` by time.
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "tidings/sqlite.hpp"
#include "tidings/uuid.hpp"

namespace {

using namespace tidings;

constexpr int kGroup = 500;
constexpr int kRuns = 3;
constexpr double kTarget = 40'000;

struct Case {
  const char* name;
  bool derived_ids;
  bool outputs;
  double target;
};

void expect(const auto& result) {
  if (result) return;
  fmt::print(stderr, "{}\n", result.error().message);
  std::exit(1);
}

std::vector<std::string> make_ids(const Case& spec, int count, Executor& executor) {
  std::vector<std::string> ids;
  for (int i = 0; i < count; ++i) {
    std::string id = new_id(executor);
    ids.push_back(spec.derived_ids ? derived_id({.event_id = id, .type = "PaymentCompleted", .key = id}) : id);
  }
  return ids;
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + time.tv_usec * 1e-6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct Rate {
  double per_second = 0;
  double cpu_micros = 0;  // for each event

  friend auto operator<=>(const Rate&, const Rate&) = default;
};

// Handles all events.
Rate run(const Case& spec, const std::filesystem::path& directory, int count) {
  const auto executor = thread_executor();
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  auto database = Sqlite::open(directory / "bench.db");
  expect(database);
  expect(database->script("CREATE TABLE payments (id TEXT PRIMARY KEY, cents INTEGER NOT NULL)"));
  auto inbox = open_sqlite_inbox(*database);
  expect(inbox);
  const std::vector<std::string> ids = make_ids(spec, count, *executor);
  std::vector<transport::Record> outputs;
  if (spec.outputs) outputs.push_back({.topic = "payments", .key = "k", .id = ids[0], .body = std::string(400, 'x')});

  const Time start = executor->now();
  const double cpu_start = cpu_seconds();
  for (int done = 0; done < count;) {
    auto transaction = (*inbox)->begin(executor->now());
    expect(transaction);
    const int end = std::min(count, done + kGroup);
    for (int i = done; i < end; ++i) {
      const auto at = static_cast<std::size_t>(i);
      expect((*transaction)->admit({.group = "payment-service", .event_id = ids[at], .digest = at}));
      auto& handle = *static_cast<SqliteTransaction*>((*transaction)->handle());
      expect(handle.execute("INSERT INTO payments VALUES (?, ?)", fmt::format("cdnow-{}", i), i));
      expect((*transaction)->keep(outputs));
    }
    expect((*transaction)->commit());
    for (int i = done; i < end && spec.outputs; ++i) {
      (*inbox)->confirmed("payment-service", ids[static_cast<std::size_t>(i)], "");
    }
    done = end;
  }
  const std::chrono::duration<double> took = executor->now() - start;
  return {.per_second = count / took.count(), .cpu_micros = (cpu_seconds() - cpu_start) * 1e6 / count};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: inbox_bench DIRECTORY [MARKS]\n");
    return 2;
  }
  const int count = argc > 2 ? std::atoi(argv[2]) : 100'000;
  const Case cases[] = {{"inbox, plain ids", false, false, kTarget},
                        {"inbox, derived ids", true, false, kTarget},
                        {"inbox, plain ids, outputs", false, true, kTarget},
                        {"inbox, derived ids, outputs", true, true, kTarget}};
  std::vector<std::vector<Rate>> rates(std::size(cases));
  for (int i = 0; i < kRuns; ++i) {
    for (std::size_t c = 0; c < std::size(cases); ++c) {
      rates[c].push_back(run(cases[c], std::filesystem::path{argv[1]} / "inbox_bench", count));
    }
  }
  fmt::print("[");
  for (std::size_t c = 0; c < std::size(cases); ++c) {
    std::ranges::sort(rates[c]);
    const Rate median = rates[c][kRuns / 2];
    fmt::print("{}\n  {{\"name\": \"{}\", \"value\": {:.0f}, \"unit\": \"marks/s\", \"target\": {:.0f}, \"met\": {}}}",
               c == 0 ? "" : ",", cases[c].name, median.per_second, cases[c].target,
               median.per_second >= cases[c].target);
    fmt::print(",\n  {{\"name\": \"{}, CPU\", \"value\": {:.1f}, \"unit\": \"us/mark\"}}", cases[c].name,
               median.cpu_micros);
  }
  fmt::print("\n]\n");
}
