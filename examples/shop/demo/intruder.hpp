// Sends the malformed events among the orders, past every codec, as a careless foreign producer would.
//
// Threads: one. Blocks: send_due(), until what it sent is confirmed.
#pragma once

#include <memory>
#include <vector>

#include "malformed.hpp"
#include "tidings/executor.hpp"
#include "tidings/result.hpp"
#include "tidings/transport/transport.hpp"

namespace shop {

class Intruder final {
 public:
  // Leaves out what an earlier run sent already: it looks into the topics.
  static tidings::Result<Intruder> create(tidings::transport::Transport& transport, tidings::Executor& executor,
                                          std::vector<Malformed> events);

  // Sends what is due when this share of the orders is placed (0..1).
  tidings::Result<void> send_due(double share);
  bool done() const { return waiting_.empty(); }

 private:
  Intruder(std::unique_ptr<tidings::transport::Publisher> publisher, tidings::Executor& executor)
      : publisher_{std::move(publisher)}, executor_{&executor} {}

  std::unique_ptr<tidings::transport::Publisher> publisher_;
  tidings::Executor* executor_;
  std::vector<Malformed> waiting_;  // the next to send last
};

}  // namespace shop
