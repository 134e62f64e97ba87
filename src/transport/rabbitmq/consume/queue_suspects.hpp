// What of a queue's messages that come again may have killed the one who had them.
//
// Threads: values.
#pragma once

#include <cstdint>
#include <set>

namespace tidings::rabbitmq {

struct QueueSuspects {
  enum class Are {
    none,    // who had it left, or nobody had it
    before,  // it was we, on another connection: what was suspect then
    all,     // whatever was handed out before
    these,   // what was being handled: `places`, as stood on the board of who had it
  };
  Are are = Are::none;
  std::set<std::int64_t> places;

  friend bool operator==(const QueueSuspects&, const QueueSuspects&) = default;
};

}  // namespace tidings::rabbitmq
