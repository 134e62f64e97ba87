#include "service/settle/health.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tidings::service {

namespace {

constexpr std::array<std::string_view, 4> kDoing{"receive", "settle", "use the inbox", "settle an event"};
constexpr auto kForGood = static_cast<std::size_t>(Health::Part::unsettled);

}  // namespace

bool can_be_tried_again(const Error& error) {
  return error.kind == ErrorKind::unavailable || error.kind == ErrorKind::overloaded;
}

void Health::trouble(Part part, const Error& error) {
  const auto index = static_cast<std::size_t>(part);
  {
    const std::lock_guard lock{mutex_};
    const bool known = troubles_[index] == error;
    troubles_[index] = error;
    if (known || !on_trouble_) return;
  }
  on_trouble_({.subscription = subscription_, .doing = kDoing[index], .error = error});
}

void Health::well(Part part) {
  const std::lock_guard lock{mutex_};
  troubles_[static_cast<std::size_t>(part)].reset();
}

void Health::note(std::string_view doing, const Error& error) const {
  if (on_trouble_) on_trouble_({subscription_, doing, error, Trouble::Then::left});
}

Result<void> Health::check() const {
  const std::lock_guard lock{mutex_};
  for (std::size_t i = 0; i < troubles_.size(); ++i) {
    if (!troubles_[i]) continue;
    return unavailable(fmt::format("{} cannot {} {} ({}: {}); {}", subscription_, kDoing[i],
                                   i == kForGood ? "at all" : "now", to_string(troubles_[i]->kind),
                                   troubles_[i]->message,
                                   i == kForGood ? "look at the store, then restart the service: it is handled again"
                                                 : "it tries again by itself"));
  }
  return {};
}

Duration Backoff::next() {
  const Duration pause = next_;
  next_ = std::min(next_ * 2, most_);
  return pause;
}

}  // namespace tidings::service
