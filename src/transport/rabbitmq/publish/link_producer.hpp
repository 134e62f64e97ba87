// Producer on a connection of its own.
//
// Threads: as Producer; what is the thread's own it alone uses.
#pragma once

#include <atomic>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "transport/rabbitmq/link/link_ending.hpp"
#include "transport/rabbitmq/link/rabbitmq_limits.hpp"
#include "transport/rabbitmq/link/wake_bell.hpp"
#include "transport/rabbitmq/publish/amqp_producer.hpp"

namespace tidings::rabbitmq {

using Answer = std::function<void(Result<void>)>;

struct Pending {
  Outgoing message;
  std::size_t bytes = 0;
  Time expires{};
  std::uint64_t number = 0;  // in the order in which they came
  std::uint64_t tag = 0;     // on the present connection; 0: not sent there
  std::optional<Error> returned;
  bool refused = false;               // on the present connection
  std::optional<Time> refused_since;  // the first time
  bool answered = false;              // it took too long; what the server says of it is of no interest
};

struct Outcome {
  Answer answered;
  Result<void> result;
};

class LinkProducer final : public Producer {
 public:
  LinkProducer(std::shared_ptr<Executor> executor, const AmqpOptions& options,
               const transport::PublisherOptions& limits, std::unique_ptr<Preparation> preparation)
      : executor_{std::move(executor)},
        options_{options},
        limits_{limits},
        preparation_{std::move(preparation)},
        changed_{executor_->condition()} {
    thread_ = executor_->spawn("amqp-publish", [this] { run(); });
  }
  ~LinkProducer() override { LinkProducer::close(executor_->now() + transport::kCloseWithin); }

  void send(std::vector<Outgoing> messages) override;
  Result<void> flush(Time deadline) override;
  bool is_blocked() const override { return blocked_; }
  void close(Time deadline) override;

 private:
  using List = std::list<Pending>;

  std::optional<Error> admit(const Outgoing& message, std::size_t bytes) const;
  bool may_send() const { return !blocked_ && !renew_by_ && in_flight_ < kWindowMax; }
  bool is_answered(std::uint64_t number) const { return pending_.empty() || pending_.front().number > number; }
  Error not_in_time(const Pending& pending) const;

  void run();
  bool connect();
  void lose_link();
  void send_some();
  std::vector<Pending*> next_batch();
  bool send_one(Pending& pending);
  bool may_go(const Pending& pending, const std::vector<Pending*>& before) const;
  void hear(Time deadline);
  void take(const amqp_frame_t& frame);
  void take_return(const amqp_basic_return_t& returned);
  void take_returned_properties(const amqp_basic_properties_t& properties);
  enum class Verdict { taken, refused };
  void confirm(std::uint64_t tag, bool and_all_before, Verdict verdict);
  void take_refusal(Pending& pending);
  void report_overtaken(const Pending& taken);
  void report_doubtful();
  bool is_time_to_renew() const { return renew_by_ && (in_flight_ == 0 || executor_->now() >= *renew_by_); }
  void renew();
  void refuse(Pending& pending, Error error);
  void refuse_all_to(std::string_view exchange, const Error& error);
  void expire();
  void drop_answered();
  void tell();

  const std::shared_ptr<Executor> executor_;
  const AmqpOptions options_;
  const transport::PublisherOptions limits_;
  const std::unique_ptr<Preparation> preparation_;  // the thread's
  const std::unique_ptr<Condition> changed_;
  const WakeBell bell_;
  std::mutex mutex_;  // of all that follows; the thread alone removes from the list
  List pending_;
  std::size_t bytes_ = 0;
  std::size_t count_ = 0;  // unanswered
  std::uint64_t sent_ = 0;
  bool closed_ = false;
  std::string trouble_;  // why there is no connection
  std::atomic<bool> ending_{false};
  LinkEnding link_ending_{*executor_};

  // The thread's.
  std::unique_ptr<Link> link_;
  Time connect_not_before_{};
  Duration reopen_pause_ = kReopenPause;
  bool was_ready_ = false;                // once
  List::iterator next_ = pending_.end();  // the first that is not sent on this connection
  std::uint64_t next_tag_ = 1;
  std::size_t in_flight_ = 0;
  std::atomic<bool> blocked_{false};
  std::set<std::string> unconfirmed_;  // keys, where the order is strict
  std::optional<Time> renew_by_;       // the server refused something: nothing more is sent on this connection
  std::optional<amqp_basic_return_t> returned_;
  std::string returned_exchange_, returned_key_, returned_words_;
  std::vector<Outcome> outcomes_, telling_;
  bool has_dropped_ = false;  // one that was answered before is settled by the server

  std::unique_ptr<Thread> thread_;
};

}  // namespace tidings::rabbitmq
