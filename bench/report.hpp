// What a bench found: as a JSON array when it ends, and each figure as a line of a table on standard error before.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "usage.hpp"

namespace tidings::bench {

inline double at(std::vector<double> values, double quantile) {
  std::ranges::sort(values);
  return values.at(static_cast<std::size_t>(static_cast<double>(values.size() - 1) * quantile));
}

inline std::vector<double> in_ms(const std::vector<Duration>& times) {
  std::vector<double> milliseconds;
  for (const Duration time : times) {
    milliseconds.push_back(std::chrono::duration<double, std::milli>{time}.count());
  }
  return milliseconds;
}

inline double rate_of(const std::vector<Usage>& runs) {
  return spread_of(runs, &Usage::per_second).median;
}
inline double cpu_of(const std::vector<Usage>& runs) {
  return spread_of(runs, &Usage::cpu_micros).median;
}

inline std::vector<double> of_all(const std::vector<Usage>& runs, double Usage::*what) {
  std::vector<double> values;
  for (const Usage& run : runs) values.push_back(run.*what);
  return values;
}

inline std::vector<double> quotients(const std::vector<double>& ours, const std::vector<double>& theirs) {
  std::vector<double> values;
  for (std::size_t i = 0; i < ours.size(); ++i) values.push_back(ours[i] / theirs.at(i));
  return values;
}

class Report final {
 public:
  void add(const std::string& name, const std::vector<Usage>& runs) {
    add(name, "events/s", spread_of(runs, &Usage::per_second), 0);
    add(name + ", CPU", "us/event", spread_of(runs, &Usage::cpu_micros), 2);
  }
  void add(const std::string& name, const std::vector<double>& milliseconds) {
    const double median = at(milliseconds, 0.5), p99 = at(milliseconds, 0.99);
    row(name, "ms", fmt::format("{:.3f}", median), fmt::format("p99 {:.3f}", p99));
    lines_.push_back(fmt::format(R"({{"name":"{}","value":{:.3f},"unit":"ms","p99":{:.3f}}})", name, median, p99));
  }
  // Of runs in turns: each of `ours` beside its neighbour of `theirs`. At least, or at most, the target.
  void at_least(const std::string& name, const std::vector<double>& ours, const std::vector<double>& theirs,
                double target) {
    ratio(name, at(quotients(ours, theirs), 0.5), target);
  }
  void at_most(const std::string& name, const std::vector<double>& ours, const std::vector<double>& theirs,
               double target) {
    most(name, "ratio", at(quotients(ours, theirs), 0.5), target);
  }
  // At least, and at most, the target.
  void ratio(const std::string& name, double value, double target) {
    compare(name, "ratio", value, target, value >= target);
  }
  void most(const std::string& name, const std::string& unit, double value, double target) {
    compare(name, unit, value, target, value <= target);
  }
  ~Report() { fmt::print("[{}]\n", fmt::join(lines_, ",\n ")); }

 private:
  void add(const std::string& name, const std::string& unit, const Spread& spread, int digits) {
    row(name, unit, fmt::format("{:.{}f}", spread.median, digits),
        fmt::format("{:.{}f} to {:.{}f}", spread.least, digits, spread.most, digits));
    lines_.push_back(fmt::format(R"({{"name":"{}","value":{:.{}f},"unit":"{}","least":{:.{}f},"most":{:.{}f}}})", name,
                                 spread.median, digits, unit, spread.least, digits, spread.most, digits));
  }
  void compare(const std::string& name, const std::string& unit, double value, double target, bool met) {
    row(name, unit, fmt::format("{:.2f}", value), fmt::format("target {:.2f}: {}", target, met ? "met" : "not met"));
    lines_.push_back(fmt::format(R"({{"name":"{}","value":{:.2f},"unit":"{}","target":{:.2f},"met":{}}})", name, value,
                                 unit, target, met));
  }
  static void row(const std::string& name, const std::string& unit, const std::string& value, const std::string& more) {
    fmt::print(stderr, "{:<45} {:>10} {:<9} {}\n", name, value, unit, more);
  }

  std::vector<std::string> lines_;
};

}  // namespace tidings::bench
