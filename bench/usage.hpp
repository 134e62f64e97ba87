// What a piece of work took: time, and CPU of this process.
#pragma once

#include <sys/resource.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tidings/executor.hpp"

namespace tidings::bench {

struct Usage {
  double per_second = 0;
  double cpu_micros = 0;  // for each event
};

class Stopwatch final {
 public:
  explicit Stopwatch(const Executor& executor) : executor_{executor}, start_{executor.now()}, cpu_{cpu_seconds()} {}

  Usage of(int events) const {
    const std::chrono::duration<double> took = executor_.now() - start_;
    return {.per_second = events / took.count(), .cpu_micros = (cpu_seconds() - cpu_) * 1e6 / events};
  }

 private:
  static double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
  }

  const Executor& executor_;
  const Time start_;
  const double cpu_;
};

// Of several runs.
struct Spread {
  double median = 0;
  double least = 0;
  double most = 0;
};

inline Spread spread_of(const std::vector<Usage>& runs, double Usage::*what) {
  std::vector<double> values;
  for (const Usage& run : runs) values.push_back(run.*what);
  std::ranges::sort(values);
  return {.median = values[values.size() / 2], .least = values.front(), .most = values.back()};
}

}  // namespace tidings::bench
