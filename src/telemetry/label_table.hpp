// Counters by label values: found without an allocation once they are there, and bounded in number.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace tidings::telemetry {

// Label values come from other people's events: what is not an identifier, and what comes after the limit, is counted
// as this.
inline constexpr std::string_view kOther = "other";
inline constexpr std::size_t kLabelMax = 128;

// `text` where it is 1..kLabelMax letters, digits and `_-.:#*/`; kOther elsewhere.
inline std::string_view label(std::string_view text) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view{"_-.:#*/"}.find(c) != std::string_view::npos;
  };
  return !text.empty() && text.size() <= kLabelMax && std::ranges::all_of(text, plain) ? text : kOther;
}

// T is default-constructible and never moves. The last label is the unbounded one: past `series_max` series, new ones
// are counted under kOther there.
// Threads: any, at once; T guards itself.
template <std::size_t N, class T>
class LabelTable final {
 public:
  using Labels = std::array<std::string_view, N>;

  explicit LabelTable(std::size_t series_max) : series_max_{series_max} {}

  T& at(const Labels& labels) {
    {
      const std::shared_lock lock{mutex_};
      if (const auto found = series_.find(labels); found != series_.end()) return *found->second;
    }
    const std::lock_guard lock{mutex_};
    Labels bounded = labels;
    if (series_.size() >= series_max_ && !series_.contains(labels)) bounded[N - 1] = kOther;
    if (const auto found = series_.find(bounded); found != series_.end()) return *found->second;
    Key key;
    std::ranges::transform(bounded, key.begin(), [](std::string_view text) { return std::string{text}; });
    return *series_.emplace(std::move(key), std::make_unique<T>()).first->second;
  }

  // visit(const std::array<std::string, N>&, const T&), in no order.
  template <class Visit>
  void each(Visit visit) const {
    const std::shared_lock lock{mutex_};
    for (const auto& [labels, value] : series_) visit(labels, *value);
  }

 private:
  using Key = std::array<std::string, N>;

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const auto& labels) const {
      std::size_t hash = 0;
      for (const std::string_view text : labels) hash = hash * 31 + std::hash<std::string_view>{}(text);
      return hash;
    }
  };
  struct Same {
    using is_transparent = void;
    bool operator()(const auto& left, const auto& right) const {
      return std::ranges::equal(left, right, [](std::string_view a, std::string_view b) { return a == b; });
    }
  };

  const std::size_t series_max_;
  mutable std::shared_mutex mutex_;
  std::unordered_map<Key, std::unique_ptr<T>, Hash, Same> series_;
};

}  // namespace tidings::telemetry
