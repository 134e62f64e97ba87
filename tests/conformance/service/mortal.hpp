// A process that dies at a named step, as by SIGKILL.
//
// A real process is gone then. One that is only pretended runs on: what it does from there on must have no effect, so
// whoever passes a step asks whether it is still alive.
//
// Threads: any.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace tidings::conformance {

class Mortal final {
 public:
  // Dies when the step is passed for the `times`-th time. `die` may return where a process is only pretended.
  // `lives`: whether nobody else ended a pretended one.
  Mortal(std::string step, int times, std::function<void()> die, std::function<bool()> lives)
      : step_{std::move(step)}, left_{times}, die_{std::move(die)}, lives_{std::move(lives)} {}

  // Whether it is alive behind the step.
  bool pass(std::string_view step) {
    if (step == step_ && --left_ == 0) die();
    return !ended();
  }
  void die() {
    ended_ = true;
    die_();
  }

  void end() { ended_ = true; }
  bool ended() const { return ended_ || !lives_(); }

 private:
  const std::string step_;
  std::atomic<int> left_;
  const std::function<void()> die_;
  const std::function<bool()> lives_;
  std::atomic<bool> ended_ = false;
};

}  // namespace tidings::conformance
