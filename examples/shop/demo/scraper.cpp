#include "scraper.hpp"

#include <httplib.h>

#include <charconv>
#include <chrono>
#include <fstream>
#include <optional>

namespace shop {

namespace {

constexpr auto kAnswerWithin = std::chrono::milliseconds{200};

std::optional<std::string> metrics_of(const std::string& port_file) {
  int port = 0;
  if (!(std::ifstream{port_file} >> port)) return std::nullopt;
  httplib::Client client{"127.0.0.1", port};
  client.set_connection_timeout(kAnswerWithin);
  client.set_read_timeout(kAnswerWithin);
  const auto answer = client.Get("/metrics");
  if (!answer || answer->status != 200) return std::nullopt;
  return answer->body;
}

std::int64_t value_of(std::string_view line) {
  const auto space = line.rfind(' ');
  double value = 0;
  if (space != line.npos) std::from_chars(line.data() + space + 1, line.data() + line.size(), value);
  return static_cast<std::int64_t>(value);
}

}  // namespace

std::int64_t sum_of(std::string_view metrics, std::string_view counter, std::string_view label) {
  std::int64_t sum = 0;
  while (!metrics.empty()) {
    const auto line = metrics.substr(0, metrics.find('\n'));
    metrics.remove_prefix(std::min(metrics.size(), line.size() + 1));
    const bool is_it = line.starts_with(counter) && line.substr(counter.size()).starts_with('{');
    if (is_it && line.find(label) != line.npos) sum += value_of(line);
  }
  return sum;
}

Scraper::Scraper(std::vector<std::string> port_files)
    : port_files_{std::move(port_files)}, retries_(port_files_.size()) {}

void Scraper::scrape() {
  for (std::size_t i = 0; i < port_files_.size(); ++i)
    if (const auto metrics = metrics_of(port_files_[i]))
      retries_[i].see(sum_of(*metrics, "events_processed_total", R"(outcome="retrying")"));
}

}  // namespace shop
