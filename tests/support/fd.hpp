// A file descriptor, owned.
#pragma once

#include <unistd.h>

#include <utility>

namespace tidings::testing {

class Fd final {
 public:
  Fd() = default;
  explicit Fd(int number) : number_{number} {}
  Fd(Fd&& other) noexcept : number_{std::exchange(other.number_, -1)} {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Fd() { close(); }

  int get() const { return number_; }
  void close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }

 private:
  int number_ = -1;
};

}  // namespace tidings::testing
