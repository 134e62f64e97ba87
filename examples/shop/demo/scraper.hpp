// Counters of the services, from their /metrics: what no store keeps and only the live view shows.
//
// Threads: one. Blocks: scrape(), at most kAnswerWithin a service.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace shop {

// The sum of all series of a counter that carry the label, in the text that Prometheus reads.
std::int64_t sum_of(std::string_view metrics, std::string_view counter, std::string_view label);

// A counter that starts again at 0 with each process, added up over all of them.
class GrowingCounter final {
 public:
  void see(std::int64_t value) {
    if (value < last_) before_ += last_;
    last_ = value;
  }
  std::int64_t total() const { return before_ + last_; }

 private:
  std::int64_t before_ = 0;
  std::int64_t last_ = 0;
};

class Scraper final {
 public:
  // Files that hold the port of each service's admin endpoint; one that is missing or out of date is left out.
  explicit Scraper(std::vector<std::string> port_files);

  void scrape();
  std::int64_t retries(std::size_t service) const { return retries_[service].total(); }

 private:
  std::vector<std::string> port_files_;
  std::vector<GrowingCounter> retries_;
};

}  // namespace shop
