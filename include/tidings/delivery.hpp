// Pull one, settle it: the lowest public layer, without threads of ours.
//
// Threads: one for a Puller and its Deliveries.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tidings/event_type.hpp"
#include "tidings/executor.hpp"
#include "tidings/retry.hpp"
#include "tidings/transport/transport.hpp"

namespace tidings {

class Puller;

// One event, until it is settled. Destroying an unsettled one releases it (charged nothing).
class Delivery final {
 public:
  Delivery(Delivery&&) noexcept;
  Delivery& operator=(Delivery&&) noexcept;
  ~Delivery();

  const Envelope& envelope() const;  // empty fields where the bytes are no event
  const transport::RecordView& record() const;
  const transport::Attempts& attempts() const;

  // The data as an E. invalid, with path and reason, when it is none.
  template <Event E>
  Result<E> as() const {
    E event;
    if (auto decoded = decode(event_type<E>(), &event); !decoded) return decoded.error();
    return event;
  }

  // Each blocks until durable and may be called once. conflict: it is not ours any more.
  Result<void> accept(std::vector<transport::Record> publishes = {});
  Result<void> retry_at(Time due, RetryOrder order, const Error& why);
  Result<void> dead_letter(std::string reason, const Error& why);
  Result<void> release();
  Result<void> skip(std::string reason);

 private:
  friend class Puller;
  class State;
  explicit Delivery(std::unique_ptr<State> state);
  Result<void> decode(const EventType& type, void* data) const;
  std::unique_ptr<State> state_;
};

class Puller final {
 public:
  static Result<Puller> open(transport::Transport& transport, Executor& executor,
                             const transport::SubscriptionSpec& spec);
  Puller(Puller&&) noexcept;
  Puller& operator=(Puller&&) noexcept;
  ~Puller();

  // Waits for the next event of any key; none at the deadline.
  Result<std::optional<Delivery>> pull(Time deadline);

 private:
  class State;
  explicit Puller(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tidings
