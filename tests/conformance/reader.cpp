#include "tests/conformance/reader.hpp"

#include <algorithm>

namespace tidings::conformance {

using transport::Delivery;
using transport::Outcome;

namespace {

// How long one of several readers receives before it is the next one's turn.
constexpr Duration kTurn = std::chrono::milliseconds{5};

}  // namespace

std::size_t Reader::receive(Time deadline, std::size_t max) {
  auto batch = consumer_->receive(max, deadline);
  if (!batch) return 0;
  notices_.insert(notices_.end(), batch->notices.begin(), batch->notices.end());
  for (Delivery& delivery : batch->deliveries) received_.push_back(std::move(delivery));
  return batch->deliveries.size();
}

std::vector<Delivery> Reader::next(std::size_t count, Time deadline) {
  while (received_.size() - returned_ < count && executor_->now() < deadline) {
    receive(deadline, count - (received_.size() - returned_));
  }
  const auto first = received_.begin() + static_cast<std::ptrdiff_t>(returned_);
  const auto came = std::min(count, received_.size() - returned_);
  returned_ += came;
  return {first, first + static_cast<std::ptrdiff_t>(came)};
}

std::vector<Delivery> Reader::all_within(Duration duration) {
  return next(SIZE_MAX / 2, executor_->now() + duration);
}

std::vector<Result<void>> Reader::settle(std::span<const Delivery> deliveries, const Outcome& outcome) {
  std::vector<transport::Settlement> settlements;
  for (const Delivery& delivery : deliveries) settlements.push_back({.token = delivery.token, .outcome = outcome});
  return settle_now(*consumer_, *executor_, std::move(settlements));
}

Result<void> Reader::settle(const Delivery& delivery, const Outcome& outcome,
                            std::vector<transport::Record> publishes) {
  std::vector<transport::Settlement> settlements;
  settlements.push_back({.token = delivery.token, .outcome = outcome, .publishes = std::move(publishes)});
  return settle_now(*consumer_, *executor_, std::move(settlements)).at(0);
}

bool Reader::accept(std::span<const Delivery> deliveries) {
  const auto results = settle(deliveries, transport::Accept{});
  return std::all_of(results.begin(), results.end(), [](const auto& result) { return bool{result}; });
}

bool Reader::noticed(transport::Notice::Kind kind) const {
  return std::any_of(notices_.begin(), notices_.end(), [&](const auto& notice) { return notice.kind == kind; });
}

bool receive_until(const std::function<bool()>& done, std::vector<Reader*> readers, Executor& executor, Time deadline) {
  while (!done()) {
    if (executor.now() >= deadline) return done();
    for (Reader* reader : readers) {
      if (!reader->left()) reader->receive(executor.now() + kTurn);
    }
  }
  return true;
}

std::vector<std::string> ids_of(std::span<const Delivery> deliveries) {
  std::vector<std::string> ids;
  for (const Delivery& delivery : deliveries) ids.emplace_back(delivery.record.id);
  return ids;
}

}  // namespace tidings::conformance
