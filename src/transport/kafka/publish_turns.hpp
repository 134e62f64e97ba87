// Settlements of one call that publish, answered in their order: once one of them is refused for now, those behind it
// are refused likewise, though theirs may be there. Who repeats them in order keeps the order of what they publish.
//
// Threads: any.
#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "transport/kafka/member_inbox.hpp"

namespace tidings::kafka {

class PublishTurns final {
 public:
  // Called once for each, under no lock.
  using Done = std::function<void(Published)>;
  explicit PublishTurns(Done done) : done_{std::move(done)} {}

  // One more, behind those before it, of so many messages; at least one. Returns its number.
  std::size_t add(Published published, std::size_t messages);
  // One of its messages was confirmed, or refused: the first refusal is its outcome.
  void answered(std::size_t turn, Result<void> outcome);

 private:
  struct Turn {
    Published published;
    std::size_t left = 0;
  };
  std::vector<Published> take_done();

  const Done done_;
  std::mutex mutex_;
  std::deque<Turn> turns_;  // from the first that is not done
  std::size_t done_count_ = 0;
  std::optional<Error> refusal_;  // for now, of one that is done
};

}  // namespace tidings::kafka
