// What is wrong with a subscription now: what it waits for outside, to try again (promise P10).
//
// Threads: any.
#pragma once

#include <array>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "tidings/bus.hpp"
#include "tidings/result.hpp"

namespace tidings::service {

// Whether the same call may succeed later.
bool can_be_tried_again(const Error& error);

class Health final {
 public:
  // unsettled: never well again, for an event stays unsettled until this process has gone.
  enum class Part { receive, settle, inbox, unsettled };

  Health(std::string subscription, std::function<void(const Trouble&)> on_trouble)
      : subscription_{std::move(subscription)}, on_trouble_{std::move(on_trouble)} {}

  // Told once for each new trouble, not for each try.
  void trouble(Part part, const Error& error);
  void well(Part part);
  // Told, and left as it is.
  void note(std::string_view doing, const Error& error) const;
  // unavailable: what does not work, and why.
  Result<void> check() const;

 private:
  const std::string subscription_;
  const std::function<void(const Trouble&)> on_trouble_;
  mutable std::mutex mutex_;
  std::array<std::optional<Error>, 4> troubles_;
};

// Pauses between tries: twice as long each time, up to the most.
class Backoff final {
 public:
  Backoff(Duration first, Duration most) : first_{first}, most_{most}, next_{first} {}
  Duration next();
  void reset() { next_ = first_; }

 private:
  Duration first_;
  Duration most_;
  Duration next_;
};

}  // namespace tidings::service
