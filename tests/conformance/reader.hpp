// A consumer in a test's hand: receives, remembers what it received, settles.
//
// Threads: the test's.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tidings/executor.hpp"
#include "tidings/transport/transport.hpp"

namespace tidings::conformance {

class Reader final {
 public:
  Reader(std::unique_ptr<transport::Consumer> consumer, Executor& executor)
      : consumer_{std::move(consumer)}, executor_{&executor} {}

  transport::Consumer& consumer() { return *consumer_; }
  void leave() { consumer_.reset(); }
  bool left() const { return consumer_ == nullptr; }

  // Receives once, until there is something or the deadline: how many deliveries came.
  std::size_t receive(Time deadline, std::size_t max = 1'000);
  // Receives until `count` deliveries came since the last call of next(), or the deadline; returns these.
  std::vector<transport::Delivery> next(std::size_t count, Time deadline);
  // Receives for that long.
  std::vector<transport::Delivery> all_within(Duration duration);

  std::vector<Result<void>> settle(std::span<const transport::Delivery> deliveries, const transport::Outcome& outcome);
  Result<void> settle(const transport::Delivery& delivery, const transport::Outcome& outcome,
                      std::vector<transport::Record> publishes = {});
  // Accepts each of them; false: one was refused.
  bool accept(std::span<const transport::Delivery> deliveries);

  // Whatever came since the beginning.
  const std::vector<transport::Delivery>& received() const { return received_; }
  const std::vector<transport::Notice>& notices() const { return notices_; }
  bool noticed(transport::Notice::Kind kind) const;

 private:
  std::unique_ptr<transport::Consumer> consumer_;
  Executor* executor_;
  std::vector<transport::Delivery> received_;
  std::vector<transport::Notice> notices_;
  std::size_t returned_ = 0;  // of received_, by next()
};

// Lets the readers receive in turn until `done()` or the deadline; returns the last `done()`.
bool receive_until(const std::function<bool()>& done, std::vector<Reader*> readers, Executor& executor, Time deadline);

std::vector<std::string> ids_of(std::span<const transport::Delivery> deliveries);

}  // namespace tidings::conformance
