#include "transport/driver/publish_turns.hpp"

namespace tidings::transport {

namespace {

bool is_for_now(const Error& error) {
  return error.kind == ErrorKind::unavailable || error.kind == ErrorKind::overloaded;
}

}  // namespace

std::size_t PublishTurns::add(std::size_t messages, Done done) {
  const std::lock_guard lock{mutex_};
  turns_.push_back({.left = messages, .done = std::move(done), .outcome = {}});
  return done_count_ + turns_.size() - 1;
}

void PublishTurns::answered(std::size_t turn, Result<void> outcome) {
  std::vector<Turn> done;
  {
    const std::lock_guard lock{mutex_};
    Turn& of = turns_[turn - done_count_];
    if (!outcome && of.outcome) of.outcome = std::move(outcome);
    --of.left;
    done = take_done();
  }
  for (Turn& one : done) one.done(std::move(one.outcome));
}

// Under the lock.
std::vector<PublishTurns::Turn> PublishTurns::take_done() {
  std::vector<Turn> done;
  while (!turns_.empty() && turns_.front().left == 0) {
    Turn& turn = done.emplace_back(std::move(turns_.front()));
    turns_.pop_front();
    ++done_count_;
    if (refusal_) {
      turn.outcome = Error{refusal_->kind, "one before it of the same call was refused: " + refusal_->message};
    } else if (!turn.outcome && is_for_now(turn.outcome.error())) {
      refusal_ = turn.outcome.error();
    }
  }
  return done;
}

}  // namespace tidings::transport
