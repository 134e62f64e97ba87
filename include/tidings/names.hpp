// Strong names and time: what must not be swapped for one another in a call.
//
// Threads: values.
#pragma once

#include <chrono>
#include <compare>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#pragma GCC visibility push(default)

namespace tidings {

// A string that means one thing. `Name<TopicTag>` does not convert to `Name<GroupTag>`.
template <class Tag>
class Name {
 public:
  Name() = default;
  explicit Name(std::string text) : text_{std::move(text)} {}
  explicit Name(std::string_view text) : text_{text} {}
  explicit Name(const char* text) : text_{text} {}

  const std::string& str() const { return text_; }
  bool empty() const { return text_.empty(); }

  friend auto operator<=>(const Name&, const Name&) = default;

 private:
  std::string text_;
};

using Topic = Name<struct TopicTag>;      // a named stream of events
using Group = Name<struct GroupTag>;      // who reads it, together
using Pattern = Name<struct PatternTag>;  // AMQP syntax over dotted types: `order.*`, `#`
using Key = Name<struct KeyTag>;          // what orders events; may hold any bytes
using EventId = Name<struct EventIdTag>;  // an event's identity, as text

// Points in time are UTC with microseconds: what the wire carries. All of them come from Executor::now().
using Time = std::chrono::sys_time<std::chrono::microseconds>;
using Duration = std::chrono::microseconds;

// Far enough to mean "no deadline" and near enough to be added to.
inline constexpr Time kNever = Time{std::chrono::days{200'000}};

}  // namespace tidings

#pragma GCC visibility pop

template <class Tag>
struct std::hash<tidings::Name<Tag>> {
  std::size_t operator()(const tidings::Name<Tag>& name) const noexcept { return std::hash<std::string>{}(name.str()); }
};
