// Inputs that consist of parts.
//
// Threads: values.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace tidings::fuzz {

// Parts are taken from the front; at the end all are empty.
class InputParts final {
 public:
  explicit InputParts(std::string_view input) : rest_{input} {}

  bool done() const { return rest_.empty(); }
  std::uint8_t byte() { return static_cast<std::uint8_t>(take(1).empty() ? 0 : taken_.front()); }
  // Up to the next such byte, which is gone.
  std::string_view until(char end) {
    const std::string_view part = take(std::min(rest_.find(end), rest_.size()));
    if (!rest_.empty()) rest_.remove_prefix(1);
    return part;
  }
  // Behind two bytes that say how long it is.
  std::string_view sized() {
    const std::size_t high = byte();
    return take(high * 256 + byte());
  }
  std::string_view rest() { return take(rest_.size()); }

 private:
  std::string_view take(std::size_t size) {
    taken_ = rest_.substr(0, size);
    rest_.remove_prefix(taken_.size());
    return taken_;
  }

  std::string_view rest_;
  std::string_view taken_;
};

}  // namespace tidings::fuzz
