#include "tidings/transport/retention.hpp"

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

}  // namespace tidings::transport
