// ControlStream: what is sent again before it is cut off, and what is not waited for any longer.
#include <fmt/format.h>

#include "transport/rabbitmq/control/control_stream.hpp"

namespace tidings::rabbitmq {

namespace {

constexpr Duration kTendEvery = std::chrono::seconds{1};
constexpr Duration kSweepEvery = std::chrono::hours{1};
constexpr Duration kErasedKept = std::chrono::hours{1};  // longer than one that says otherwise is under way
// Of the stream. A record is sent again after the first, and up to the second more: not by all processes at once.
constexpr std::uint64_t kSinksAfter = 4, kSinksWithin = 8;
constexpr std::uint64_t kSentAgainMax = 16, kTendAfter = 64;  // at once; bytes that were written since the last time

}  // namespace

void ControlStream::tend() {
  const Time now = broker_->executor().now();
  std::vector<ControlMessage> needed;
  {
    const std::lock_guard lock{mutex_};
    expire_puts(now);
    expire_barrier(now);
    needed = due(now);
    sending_again_ += needed.size();
  }
  send_barrier();
  if (!needed.empty()) send_again(std::move(needed));
}

// Under the lock.
void ControlStream::expire_puts(Time now) {
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    Waiting& put = at->second;
    const bool is_blocked = producer_->is_blocked() && put.begun + kBlockedWithin <= now;
    if (!refused_ && !is_blocked && put.deadline > now) {
      ++at;
      continue;
    }
    answers_.push_back({std::move(put.answered), refused_ ? *refused_ : not_in_time(put.key)});
    at = waiting_.erase(at);
  }
}

// Under the lock. One that was confirmed and does not come is not in what is read: it was cut off, or the stream is
// another one.
void ControlStream::expire_barrier(Time now) {
  const bool is_lost = reader_.is_open() && barrier_ && barrier_->confirmed &&
                       now > *barrier_->confirmed + kUnreadMax && now > last_read_ + kUnreadMax;
  if (!is_lost) return;
  lose_barrier(barrier_, unavailable(fmt::format("nothing comes of stream '{}': it is read anew", stream_.name)));
  read_anew(0);
}

// Under the lock.
std::vector<ControlMessage> ControlStream::due(Time now) {
  const auto bytes = static_cast<std::uint64_t>(limits_.stream_bytes_max);
  if (!caught_up_ || sending_again_ > 0) return {};
  if (now < tended_ + kTendEvery && position_ < tended_position_ + bytes / kTendAfter) return {};
  tended_ = now;
  tended_position_ = position_;
  std::vector<ControlMessage> needed;
  const std::uint64_t age = bytes / kSinksAfter + broker_->executor().random() % (bytes / kSinksWithin);
  if (position_ > age) needed = table_.sinking(position_ - age, bytes / kSentAgainMax);
  if (now >= swept_ + kSweepEvery) {
    swept_ = now;
    table_.forget_erased(now - kErasedKept);
    for (std::string& key : table_.expired(now - kSweepEvery)) {
      needed.push_back(ControlMessage{.key = std::move(key), .expected = 0});
    }
  }
  return needed;
}

void ControlStream::send_again(std::vector<ControlMessage> needed) {
  std::vector<Outgoing> messages;
  for (ControlMessage& message : needed) {
    message.appended = broker_->executor().now();
    messages.push_back(outgoing_of(message, stream_.name));
    messages.back().answered = [this](const Result<void>&) {
      const std::lock_guard lock{mutex_};
      --sending_again_;
    };
  }
  producer_->send(std::move(messages));
}

}  // namespace tidings::rabbitmq
