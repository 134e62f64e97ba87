// Settlements of one call that publish, answered in their order: once one of them is refused for now, those behind it
// are refused likewise, though theirs may be there. Who repeats them in order keeps the order of what they publish.
//
// Threads: any.
#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "tidings/result.hpp"

namespace tidings::transport {

class PublishTurns final {
 public:
  // Called once, under no lock.
  using Done = std::function<void(Result<void>)>;

  // One more, behind those before it, of so many messages; at least one. Returns its number.
  std::size_t add(std::size_t messages, Done done);
  // One of its messages was confirmed, or refused: the first refusal is its outcome.
  void answered(std::size_t turn, Result<void> outcome);

 private:
  struct Turn {
    std::size_t left = 0;
    Done done;
    Result<void> outcome;
  };
  std::vector<Turn> take_done();

  std::mutex mutex_;
  std::deque<Turn> turns_;  // from the first that is not done
  std::size_t done_count_ = 0;
  std::optional<Error> refusal_;  // for now, of one that is done
};

}  // namespace tidings::transport
