// What stands beside a record in the copies of it that we publish: dead letters, and retries that wait.
//
// Wire: docs/wire.md, "Dead letters and retries".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tidings/transport/settlement.hpp"

namespace tidings::transport {

struct Copy {
  std::string group;
  std::string subscription;  // topic or pattern
  // Of the original; the record's own topic and time are others in a copy.
  std::string topic;
  Position position;
  std::optional<Time> time;
  Attempts attempts;
  int replays = 0;
  std::string replay_id;
  // Of dead letters.
  std::string reason;
  std::optional<Time> buried;
  std::string host;
  std::int64_t pid = 0;

  friend bool operator==(const Copy&, const Copy&) = default;
};

// As headers, in the order in which they are written: the group's first, always.
std::vector<std::pair<std::string_view, std::string>> copy_headers(const Copy& copy);
inline constexpr std::string_view kFirstOfCopy = "tidings-group";
// Takes what one of them says; others are passed by.
void read_copy_header(Copy& copy, std::string_view name, std::string_view value);

}  // namespace tidings::transport
