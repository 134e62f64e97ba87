#include "view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "text.hpp"

namespace shop {

namespace {

constexpr std::size_t kBarWidth = 46;

std::string bar(double share) {
  const auto full = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * kBarWidth);
  return '[' + std::string(full, '#') + std::string(kBarWidth - full, '-') + ']';
}

// Never 100 before it is.
int percent(double share) {
  return static_cast<int>(std::floor(std::clamp(share, 0.0, 1.0) * 100));
}

std::string rounded(double number) {
  return grouped(std::llround(number));
}

std::string time_left(const View& view) {
  return view.left ? clock_text(*view.left) : std::string{"--:--"};
}

std::string row(const ServiceView& service) {
  return fmt::format("{:<21}{:>9}{:>10}{:>10}{:>9}{:>6}{:>9}", fitted(service.name, 20), grouped(service.handled),
                     rounded(service.per_second), grouped(service.lag), grouped(service.retries), grouped(service.dead),
                     grouped(service.crashes));
}

ServiceView sum_of(const std::vector<ServiceView>& services) {
  ServiceView sum{.name = "all"};
  for (const auto& service : services) {
    sum.handled += service.handled;
    sum.per_second += service.per_second;
    sum.lag += service.lag;
    sum.retries += service.retries;
    sum.dead += service.dead;
    sum.crashes += service.crashes;
  }
  return sum;
}

}  // namespace

std::vector<std::string> render(const View& view) {
  std::vector<std::string> lines;
  lines.push_back(fitted(view.title, kViewWidth));
  lines.push_back(fmt::format("{} {:>3}%  {:>7}  ETA {}", bar(view.share), percent(view.share),
                              clock_text(view.elapsed), time_left(view)));
  lines.push_back(fmt::format("{:<21}{:>9}{:>10}{:>10}{:>9}{:>6}{:>9}", "service", "handled", "events/s", "lag",
                              "retries", "dead", "crashes"));
  for (const auto& service : view.services) lines.push_back(row(service));
  lines.push_back(row(sum_of(view.services)));
  lines.push_back(fitted(view.note, kViewWidth));
  return lines;
}

std::string render_line(const View& view) {
  const auto sum = sum_of(view.services);
  return fmt::format("{}  {:>3}%  ETA {}  handled {}  {}/s  lag {}  retries {}  dead {}{}", clock_text(view.elapsed),
                     percent(view.share), time_left(view), grouped(sum.handled), rounded(sum.per_second),
                     grouped(sum.lag), grouped(sum.retries), grouped(sum.dead),
                     sum.crashes > 0 ? fmt::format("  crashes {}", sum.crashes) : "");
}

void Rate::add(tidings::Time now, std::int64_t count) {
  samples_.push_back({now, count});
  while (samples_.size() > 2 && samples_.front().at < now - window_) samples_.pop_front();
}

double Rate::per_second() const {
  if (samples_.size() < 2) return 0;
  const auto& first = samples_.front();
  const auto& last = samples_.back();
  const auto seconds = std::chrono::duration<double>(last.at - first.at).count();
  return seconds > 0 ? std::max(0.0, static_cast<double>(last.count - first.count) / seconds) : 0;
}

}  // namespace shop
