#include "intruder.hpp"

#include <algorithm>
#include <mutex>
#include <optional>

namespace shop {

using tidings::Result;
namespace transport = tidings::transport;

namespace {

constexpr auto kConfirmWithin = std::chrono::seconds{30};
constexpr std::size_t kPage = 10'000;

Result<bool> is_published(transport::History& history, const transport::Record& record) {
  bool found = false;
  const transport::HistoryRange range{.topic = record.topic, .key = record.key};
  const auto look = [&](const transport::HistoryEntry& entry) { return !(found = entry.record.id == record.id); };
  for (transport::Cursor after; !found;) {
    auto next = history.read(range, after, kPage, look);
    if (!next) return next.error();
    if (*next == after) break;
    after = *next;
  }
  return found;
}

// The outcome of one record, from the driver's thread to ours.
struct Confirmation {
  std::mutex mutex;
  std::optional<Result<void>> outcome;
};

}  // namespace

Result<Intruder> Intruder::create(transport::Transport& transport, tidings::Executor& executor,
                                  std::vector<Malformed> events) {
  auto* history = transport.operations().history;
  if (history == nullptr) return tidings::unsupported("this transport keeps no history; run the shop on local:");
  auto publisher = transport.publisher({});
  if (!publisher) return publisher.error();

  Intruder intruder{std::move(*publisher), executor};
  for (auto& event : events) {
    auto published = is_published(*history, event.record);
    if (!published) return published.error();
    if (!*published) intruder.waiting_.push_back(std::move(event));
  }
  std::ranges::reverse(intruder.waiting_);
  return intruder;
}

Result<void> Intruder::send_due(double share) {
  while (!waiting_.empty() && waiting_.back().after <= share) {
    const auto confirmation = std::make_shared<Confirmation>();
    publisher_->send({waiting_.back().record}, [confirmation](std::size_t, Result<void> outcome) {
      const std::lock_guard lock{confirmation->mutex};
      confirmation->outcome = std::move(outcome);
    });
    if (auto flushed = publisher_->flush(executor_->now() + kConfirmWithin); !flushed) return flushed;
    const std::lock_guard lock{confirmation->mutex};
    if (!confirmation->outcome) return tidings::unavailable("a malformed event was neither confirmed nor refused");
    if (!*confirmation->outcome) return *confirmation->outcome;
    waiting_.pop_back();
  }
  return {};
}

}  // namespace shop
