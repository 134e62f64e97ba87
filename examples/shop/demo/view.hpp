// The live view: what is seen of a running shop, as lines of text.
//
// Pure: the caller measures, and writes the lines where they belong.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "tidings/names.hpp"

namespace shop {

inline constexpr std::size_t kViewWidth = 80;

struct ServiceView {
  std::string name;
  std::int64_t handled = 0;
  double per_second = 0;
  std::int64_t lag = 0;
  std::int64_t retries = 0;
  std::int64_t dead = 0;
  int crashes = 0;
};

struct View {
  std::string title;
  tidings::Duration elapsed{};
  double share = 0;  // of the work that is done: 0..1
  std::optional<tidings::Duration> left;
  std::vector<ServiceView> services;
  std::string note;
};

// For a terminal: always the same number of lines for the same number of services, none wider than kViewWidth.
std::vector<std::string> render(const View& view);
// For a file: one line that sums it up.
std::string render_line(const View& view);

// How fast a counter grew lately.
class Rate final {
 public:
  explicit Rate(tidings::Duration window = std::chrono::seconds{3}) : window_{window} {}

  void add(tidings::Time now, std::int64_t count);
  double per_second() const;

 private:
  struct Sample {
    tidings::Time at;
    std::int64_t count;
  };
  tidings::Duration window_;
  std::deque<Sample> samples_;  // at most one a call within the window
};

}  // namespace shop
