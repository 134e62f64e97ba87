#include "tidings/transport/retention.hpp"

#include <algorithm>

#include "base/flaw.hpp"

namespace tidings::transport {
namespace {

template <class T>
bool differ(const std::optional<T>& there, const std::optional<T>& wanted) {
  return there && wanted && *there != *wanted;
}

}  // namespace

std::vector<std::string> validate(const Retention& retention) {
  std::vector<std::string> faults;
  if (retention.age && *retention.age < Duration::zero())
    faults.emplace_back("retention.age is negative; give 0 or more");
  return faults;
}

Retention changed(Retention there, const Retention& change) {
  if (change.age) there.age = change.age;
  if (change.bytes) there.bytes = change.bytes;
  if (change.unsettled) there.unsettled = change.unsettled;
  return there;
}

std::string difference(const Retention& there, const Retention& wanted) {
  if (differ(there.age, wanted.age)) return "age";
  if (differ(there.bytes, wanted.bytes)) return "bytes";
  if (differ(there.unsettled, wanted.unsettled)) return "unsettled";
  return {};
}

bool is_gone(std::optional<Time> left, const Retention& retention, Time now, Duration least) {
  if (!left) return false;
  if (flawed(Flaw::gone_at_once)) return true;
  // What is kept without end by its age goes by its size alone: then the age says nothing of groups either.
  const Duration age = retention.age.value_or(Retention::kAgeEndless);
  return now - *left > (age == Retention::kAgeEndless ? least : std::max(age, least));
}

}  // namespace tidings::transport
