#include "transport/kafka/publish_turns.hpp"

#include <utility>

namespace tidings::kafka {

namespace {

bool is_for_now(const Error& error) {
  return error.kind == ErrorKind::unavailable || error.kind == ErrorKind::overloaded;
}

}  // namespace

std::size_t PublishTurns::add(Published published, std::size_t messages) {
  const std::lock_guard lock{mutex_};
  turns_.push_back({std::move(published), messages});
  return done_count_ + turns_.size() - 1;
}

void PublishTurns::answered(std::size_t turn, Result<void> outcome) {
  std::vector<Published> done;
  {
    const std::lock_guard lock{mutex_};
    Turn& of = turns_[turn - done_count_];
    if (!outcome && of.published.outcome) of.published.outcome = std::move(outcome);
    --of.left;
    done = take_done();
  }
  for (Published& published : done) done_(std::move(published));
}

// Under the lock.
std::vector<Published> PublishTurns::take_done() {
  std::vector<Published> done;
  while (!turns_.empty() && turns_.front().left == 0) {
    Published& published = done.emplace_back(std::move(turns_.front().published));
    turns_.pop_front();
    ++done_count_;
    if (refusal_) {
      published.outcome = Error{refusal_->kind, "one before it of the same call was refused: " + refusal_->message};
    } else if (!published.outcome && is_for_now(published.outcome.error())) {
      refusal_ = published.outcome.error();
    }
  }
  return done;
}

}  // namespace tidings::kafka
