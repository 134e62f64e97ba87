// How long a topic keeps its events.
//
// Threads: values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tidings/names.hpp"

#pragma GCC visibility push(default)

namespace tidings::transport {

// Whether retention may remove events that a group has not settled.
enum class Unsettled {
  keep,    // never: what a group that is gone has not settled is kept until the group is removed
  expire,  // those of groups that are gone (is_gone); LagState::expired counts them
};

// Fields that are not set say nothing: in a declaration, that the topic keeps what it has; in a change, likewise. What
// never was set is the transport's default.
struct Retention {
  std::optional<Duration> age;         // settled events are kept this long; kAgeEndless: as long as there is room
  std::optional<std::uint64_t> bytes;  // and at most about this much of them; kBytesEndless: likewise
  std::optional<Unsettled> unsettled;  // default keep

  static constexpr Duration kAgeEndless = Duration::max();
  static constexpr std::uint64_t kBytesEndless = UINT64_MAX;

  bool empty() const { return !age && !bytes && !unsettled; }
  friend bool operator==(const Retention&, const Retention&) = default;
};

// All faults; empty: fine.
std::vector<std::string> validate(const Retention& retention);

// `there` with the fields that `change` sets.
Retention changed(Retention there, const Retention& change);

// The first field that both set to different values: `age`, say. Empty: none.
std::string difference(const Retention& there, const Retention& wanted);

// A group is gone when it has had no member for as long as the topic keeps events, and for this at least: a restart, a
// night without its service and a day of repair lose nothing.
inline constexpr Duration kGoneAfter = std::chrono::days{1};

// Whether a group whose last member left then is gone for a topic that keeps that. One of which nobody knows since when
// it has had none is not. `least`: for tests.
bool is_gone(std::optional<Time> left, const Retention& retention, Time now, Duration least = kGoneAfter);

}  // namespace tidings::transport

#pragma GCC visibility pop
