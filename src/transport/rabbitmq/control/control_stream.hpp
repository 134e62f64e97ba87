// The control stream of a deployment, read as a whole by each process that asks for it.
//
// Owns:    a producer, and a connection and the thread `amqp-control` that reads, from the first call on.
// Threads: any.
// Blocks:  each call until all that was in the stream when it began is read; put() until its own message is. Calls that
//          wait share a message by which they know. put_async() never.
// Errors:  unavailable: that took longer than it may, kRequestWithin where nothing is said; a put may or may not be
// there
//          then. While the server takes no messages (is_blocked), puts are refused after kBlockedWithin; what is there
//          can be read.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/countdown.hpp"
#include "tidings/transport/control.hpp"
#include "transport/driver/bell.hpp"
#include "transport/driver/control_records.hpp"
#include "transport/rabbitmq/control/amqp_control_message.hpp"
#include "transport/rabbitmq/control/put_tokens.hpp"
#include "transport/rabbitmq/link/rabbitmq_limits.hpp"
#include "transport/rabbitmq/link/wake_bell.hpp"
#include "transport/rabbitmq/publish/amqp_producer.hpp"
#include "transport/rabbitmq/topology/broker.hpp"
#include "transport/rabbitmq/topology/stream_reader.hpp"

namespace tidings::rabbitmq {

// Whose records: each space has keys of its own.
enum class ControlSpace { users, driver };

// The same for all processes of a deployment.
struct ControlLimits {
  std::int64_t stream_bytes_max = kControlBytesMax;
  std::int64_t segment_bytes_max = kControlSegmentBytesMax;
};

class ControlStream final {
 public:
  using Answer = std::function<void(Result<std::uint64_t>)>;

  explicit ControlStream(std::shared_ptr<Broker> broker, const ControlLimits& limits = {});
  ~ControlStream();
  ControlStream(const ControlStream&) = delete;
  ControlStream& operator=(const ControlStream&) = delete;

  Result<std::uint64_t> put(ControlSpace space, std::string_view key, std::optional<std::string_view> value,
                            const transport::PutOptions& options);
  // Answered once: inside of it for what is refused at once, else by a thread of the log or its producer. The answer
  // must be short and must not call the log.
  void put_async(ControlSpace space, std::string_view key, std::optional<std::string_view> value,
                 const transport::PutOptions& options, Answer answered);
  Result<std::optional<transport::ControlRecord>> get(ControlSpace space, std::string_view key);
  Result<std::vector<transport::ControlRecord>> list(ControlSpace space, std::string_view prefix,
                                                     Duration within = kRequestWithin);
  // As far as it was read: what others put may come yet. None: it was not read to an end that was there. Does not
  // block.
  std::optional<std::vector<transport::ControlRecord>> list_read(ControlSpace space, std::string_view prefix);
  // From then on `bell` rings at each change, as long as it is there.
  void ring_on_change(const std::shared_ptr<transport::Bell>& bell);
  // As far as anything was sent: the server takes no messages now.
  bool is_blocked();
  Result<std::uint64_t> watch(ControlSpace space, std::uint64_t seen, Time deadline);

 private:
  // A put that waits for its message.
  struct Waiting {
    std::string key;
    std::uint64_t expected = 0;
    Time begun{}, deadline{};
    Answer answered;
  };
  struct Answered {
    Answer answered;
    Result<std::uint64_t> outcome;
  };
  // A message without a record: once it is read, all before it was.
  struct Barrier {
    std::string token;
    bool sent = false;
    std::optional<Time> confirmed;
    bool read = false;
    std::optional<Error> lost;
    std::uint64_t generation = 0;  // of the reading in which it was read
  };

  bool is_waiting();
  void start();
  void run();
  void open_reader();
  void read_some();
  void take(const Message& message);
  void take_record(const Message& message);
  void take_barrier(std::string_view token);
  bool follows(std::uint64_t offset) const;
  void begin_at(std::uint64_t offset);
  void ring_bells();
  void read_anew(std::uint64_t offset);
  void tell();

  std::shared_ptr<Barrier> join_barrier();
  void send_barrier();
  void lose_barrier(const std::shared_ptr<Barrier>& barrier, const Error& error);
  using Lock = std::unique_lock<std::mutex>;
  Result<Lock> catch_up(Duration within = kRequestWithin);
  Result<Lock> read_to_the_last(const Countdown& left, Duration within);
  Error not_read(Duration within) const;
  void send(const ControlMessage& message);
  void refuse(const std::string& token, const Error& error);
  Result<void> check_room(const ControlMessage& message);
  Error not_in_time(std::string_view key) const;

  void tend();
  void expire_puts(Time now);
  void expire_barrier(Time now);
  std::vector<ControlMessage> due(Time now);
  void send_again(std::vector<ControlMessage> messages);

  const std::shared_ptr<Broker> broker_;
  const ControlLimits limits_;
  const StreamSpec stream_;
  const std::unique_ptr<Condition> changed_;
  const WakeBell bell_;
  std::mutex starting_;  // held while it starts
  std::mutex mutex_;     // of all that follows
  bool started_ = false;
  transport::ControlRecords table_;
  PutTokens tokens_{kPutTokensMax};
  std::array<std::uint64_t, 2> last_change_{1, 1};  // of each space
  std::vector<std::weak_ptr<transport::Bell>> bells_;
  std::map<std::string, Waiting> waiting_;  // by token
  std::shared_ptr<Barrier> barrier_;        // that is sent
  std::shared_ptr<Barrier> next_barrier_;   // of those who came since
  std::uint64_t generation_ = 1;            // how often all was read anew
  bool caught_up_ = false;                  // since then
  std::optional<Error> refused_;            // by the server, for good
  std::string trouble_;                     // why nothing is read
  std::size_t sending_again_ = 0;           // messages that are not confirmed
  std::atomic<bool> stopping_{false};

  LinkEnding link_ending_{broker_->executor()};

  // The thread's.
  StreamReader reader_;
  std::optional<std::uint64_t> next_;  // offset; none: the first that is there
  std::uint64_t unchecked_before_ = 0;
  bool is_cut_ = false;         // something was there before the first that was read
  std::uint64_t position_ = 0;  // bytes since then
  Time last_read_{};
  Time open_not_before_{};
  Duration reopen_pause_ = kReopenPause;
  Time tended_{};
  std::uint64_t tended_position_ = 0;
  Time swept_{};
  std::vector<Answered> answers_;  // under the lock

  std::shared_ptr<Producer> producer_;
  std::unique_ptr<Thread> thread_;
};

}  // namespace tidings::rabbitmq
