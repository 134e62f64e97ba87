// What an event costs without us: the loop that a user of the transport contract alone would write (receive, settle, no
// thread, no handler), and decoding it.
//
// Threads: one at a time. Blocks: until all is settled.
// Errors:  end the program with a message.
#pragma once

#include <fmt/format.h>

#include <cstdlib>
#include <string>

#include "tidings/transport/transport.hpp"
#include "usage.hpp"

namespace tidings::bench {

inline void expect(const auto& result) {
  if (result) return;
  fmt::print(stderr, "{}\n", result.error().message);
  std::exit(1);
}

// By a new member of the group: from the first delivery until `count` of them are settled.
Usage receive_and_settle(transport::Transport& transport, Executor& executor, const std::string& group, int count);

// One order of the article, again and again.
Usage decode_order(const std::string& body, Executor& executor, int count);

}  // namespace tidings::bench
