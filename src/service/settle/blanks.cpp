#include "service/settle/blanks.hpp"

#include <algorithm>

namespace tidings::service {

namespace {

void keep_little(std::string& text) {
  if (text.capacity() > Blanks::kBlankBytesMax) std::string{}.swap(text);
}

bool is_success(const pipeline::Verdict& verdict) {
  return verdict.step == Step::accepted && std::holds_alternative<transport::Accept>(verdict.outcome) && !verdict.error;
}

// It holds on to no more than a little memory of what it was.
void let_go(Settling& used) {
  used.delivery.memory.reset();
  keep_little(used.delivery.attempts.last_error);
  Envelope& envelope = used.envelope;
  for (std::string* text :
       {&envelope.id, &envelope.type, &envelope.aggregate_id, &envelope.correlation_id, &envelope.causation_id})
    keep_little(*text);
  envelope.metadata.clear();
  used.publishes = {};
  if (!is_success(used.verdict)) used.verdict = {};
}

void renew(Settling& blank) {
  blank.verdict.reason = Reason::none;
  blank.confirms = false;
  blank.attempt = blank.refusals = 0;
  blank.took = {};
}

}  // namespace

SettlingPtr Blanks::take() {
  std::unique_lock lock{mutex_};
  if (blanks_.empty()) {
    lock.unlock();
    return std::make_unique<Settling>();
  }
  SettlingPtr blank = std::move(blanks_.back());
  blanks_.pop_back();
  lock.unlock();
  renew(*blank);
  return blank;
}

void Blanks::give_back(std::vector<SettlingPtr>& used) {
  for (const SettlingPtr& settling : used) let_go(*settling);
  {
    const std::lock_guard lock{mutex_};
    const std::size_t kept = std::min(used.size(), kBlanksMax - std::min(kBlanksMax, blanks_.size()));
    const auto first = used.end() - static_cast<std::ptrdiff_t>(kept);
    blanks_.insert(blanks_.end(), std::make_move_iterator(first), std::make_move_iterator(used.end()));
    used.erase(first, used.end());
  }
  used.clear();
}

std::size_t Blanks::size() const {
  const std::lock_guard lock{mutex_};
  return blanks_.size();
}

}  // namespace tidings::service
