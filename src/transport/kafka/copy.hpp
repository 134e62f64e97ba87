// What stands beside a record in the copies of it that we publish: dead letters, and retries that wait.
//
// Wire: docs/wire.md, "Dead letters and retries".
#pragma once

#include <optional>
#include <string>

#include "tidings/transport/settlement.hpp"

namespace tidings::kafka {

struct Copy {
  std::string group;
  std::string subscription;  // topic or pattern
  // Of the original; the record's own topic and time are others in a copy.
  std::string topic;
  transport::Position position;
  std::optional<Time> time;
  transport::Attempts attempts;
  int replays = 0;
  std::string replay_id;
  // Of dead letters.
  std::string reason;
  std::optional<Time> buried;
  std::string host;
  std::int64_t pid = 0;

  friend bool operator==(const Copy&, const Copy&) = default;
};

}  // namespace tidings::kafka
