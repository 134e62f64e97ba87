// New ids a second, made by one thread and by two at once. Prints a JSON array of {name, value, unit}.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "tidings/executor.hpp"
#include "tidings/uuid.hpp"

namespace {

using namespace tidings;

constexpr int kIds = 2'000'000;  // of each thread
constexpr int kRuns = 5;

// Of all threads together.
double ids_per_second(int threads) {
  const auto executor = thread_executor();
  const Time start = executor->now();
  {
    std::vector<std::unique_ptr<Thread>> running;
    for (int i = 0; i < threads; ++i) {
      running.push_back(executor->spawn("ids", [&executor] {
        std::size_t made = 0;
        for (int id = 0; id < kIds; ++id) made += new_id(*executor).size();
        if (made != std::size_t{kIds} * 36) fmt::print(stderr, "not all of them are ids\n");
      }));
    }
  }
  const std::chrono::duration<double> took = executor->now() - start;
  return threads * kIds / took.count();
}

double median(int threads) {
  std::vector<double> rates;
  for (int run = 0; run < kRuns; ++run) rates.push_back(ids_per_second(threads));
  std::ranges::sort(rates);
  return rates[kRuns / 2];
}

}  // namespace

int main() {
  fmt::print("[\n  {{\"name\": \"ids, 1 thread\", \"value\": {:.0f}, \"unit\": \"ids/s\"}},\n", median(1));
  fmt::print("  {{\"name\": \"ids, 2 threads\", \"value\": {:.0f}, \"unit\": \"ids/s\"}}\n]\n", median(2));
}
