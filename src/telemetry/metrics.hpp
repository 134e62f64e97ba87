// Counters of a process, fed by decisions, read as Prometheus text.
//
// Names and labels: docs/getting-started.md. The article's names are kept to the letter.
// Threads: any, at once.
// Limits:  kSeriesMax series a family; what comes beyond is counted under `other`.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tidings/decision.hpp"

namespace tidings::telemetry {

inline constexpr std::size_t kSeriesMax = 1'000;

// Upper bounds of event_processing_duration_seconds: 1 ms to 60 s.
inline constexpr std::array<double, 15> kDurationBounds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                                        0.5,   1,      2.5,   5,    10,    30,   60};

class Histogram final {
 public:
  void observe(Duration duration);
  // Not cumulative; the last one is beyond all bounds.
  std::array<std::uint64_t, kDurationBounds.size() + 1> counts() const;
  double sum_seconds() const { return static_cast<double>(micros_.load(std::memory_order_relaxed)) * 1e-6; }

 private:
  std::array<std::atomic<std::uint64_t>, kDurationBounds.size() + 1> counts_{};
  std::atomic<std::int64_t> micros_ = 0;
};

// A single value that its owner reads at the time of the scrape.
struct Sample {
  enum class Kind { counter, gauge };
  std::string name;
  std::string help;
  Kind kind = Kind::gauge;
  double value = 0;
  std::vector<std::pair<std::string, std::string>> labels = {};
};

class Metrics final {
 public:
  Metrics();
  ~Metrics();

  void observe(const Decision& decision);
  // The exposition format, families and series in a fixed order.
  std::string render(const std::vector<Sample>& samples) const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

Observer count_decisions(std::shared_ptr<Metrics> metrics);

}  // namespace tidings::telemetry
