// The transport contract: what a driver implements. docs/architecture.md says what each driver does for each member.
//
// A driver is done when it passes tests/conformance with its fixture.
//
// Time and threads come from the Executor that the driver was opened with. Everything returned here must be destroyed
// before the Transport. Destructors stop and wait, bounded by kCloseWithin.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tidings/executor.hpp"
#include "tidings/result.hpp"
#include "tidings/transport/capabilities.hpp"
#include "tidings/transport/control.hpp"
#include "tidings/transport/operator.hpp"
#include "tidings/transport/record.hpp"
#include "tidings/transport/retention.hpp"
#include "tidings/transport/settlement.hpp"

#pragma GCC visibility push(default)

namespace tidings::transport {

inline constexpr Duration kCloseWithin = std::chrono::seconds{10};

// How long a settlement may wait for the store or the broker before it is answered `unavailable`.
inline constexpr Duration kSettleWithin = std::chrono::seconds{30};

struct PublisherOptions {
  std::size_t buffer_records_max = 100'000;            // sent and not yet confirmed; beyond it `overloaded`
  std::size_t buffer_bytes_max = 64u << 20;            // likewise, by size_of(record)
  Duration deliver_within = std::chrono::seconds{30};  // unconfirmed after that: refused as `unavailable`
};

// Sends records. Threads: any, at once.
class Publisher {
 public:
  virtual ~Publisher() = default;

  // Called exactly once for each record of a batch, by its index there: confirmed (durable by the transport's
  // definition), or refused. It runs on the driver's completion thread, or, for a refusal known at once, inside
  // send(). It must be short, must not block and must not call the publisher.
  // Refusals: invalid (unknown topic, too large), overloaded (a limit of ours or of the store), unavailable
  // (not confirmed in time: it may or may not be there), conflict (fenced).
  using Confirmed = std::function<void(std::size_t index, Result<void> outcome)>;

  // Queues a batch. Never blocks on the network or the disk. Records of one key sent by one thread are confirmed in
  // order.
  virtual void send(std::vector<Record> batch, Confirmed confirmed) = 0;

  // Waits until all that was sent before is confirmed or refused. unavailable: not by the deadline.
  virtual Result<void> flush(Time deadline) = 0;

  // As the destructor, with a deadline instead of kCloseWithin: what is not confirmed by then is answered `unavailable`
  // (it may or may not be there), and nothing is called back afterwards. Nothing may be sent any more. Without it the
  // destructor waits.
  virtual void close(Time /*deadline*/) {}
};

enum class Sharing {
  shared,     // the members of the group share the records: each goes to one of them
  broadcast,  // every consumer gets its own copy
};

enum class StartAt { beginning, end, time };

// Where a group starts that has no position yet.
struct Start {
  StartAt at = StartAt::beginning;
  Time time{};  // for StartAt::time: the first record published at or after it
};

// One group's interest in a topic or a pattern.
struct SubscriptionSpec {
  std::string group;
  std::string instance;  // who we are among the group's members; shown to operators; empty: the driver makes one
  // The instance has that name again after a restart, and nobody else has it: a broker may keep its partitions for it
  // for as long as a session lasts, instead of moving them to others and back.
  bool instance_is_stable = false;
  // A topic subscription names one topic; a pattern subscription reads every topic on which a matching type was ever
  // declared (Transport::declare), and `extra_topics`. Exactly one of the two is set.
  std::string topic;
  std::string pattern;
  std::vector<std::string> extra_topics;
  bool command = false;  // `topic` is a command's destination: a second group on it is refused as `conflict`
  // Capabilities::named_queues: the broker's queue that it reads, as others named it, instead of one of its own. It may
  // be there, set as they like; a second group on it is refused as `conflict`. Not with Sharing::broadcast.
  // unsupported: the transport has no queues.
  std::string queue;
  Sharing sharing = Sharing::shared;
  Start start;
  std::size_t in_flight_max = 1'024;  // deliveries received and not finally settled; receive() waits beyond it
  std::size_t in_flight_bytes_max = 64u << 20;  // likewise, by size_of(record); one delivery may go beyond
  std::size_t running_max = 16;                 // slots of the running board (see Consumer::running)
};

struct Notice {
  enum class Kind {
    assigned,     // these partitions are ours now
    revoking,     // finish what is in flight of them and settle it; they are given up then, or at `deadline`. The batch
                  // that says so may bring more of them: the last
    lost,         // they are no longer ours: settlements will be refused as `conflict`; forget what is in flight
    expired,      // `records` of these partitions are gone, which the group had not settled: retention removed them, or
                  // the topic was made anew (then 0). It goes on behind them
    reconnected,  // the connection was lost and is back; what is not ours any more came as `lost`
  };
  Kind kind = Kind::assigned;
  std::vector<PartitionId> partitions;
  Time deadline = kNever;  // of revoking: Capabilities::revoke_max from now
  std::uint64_t records = 0;
};

// Notices come before the deliveries they speak of.
struct Batch {
  std::vector<Notice> notices;
  std::vector<Delivery> deliveries;
};

// Receives for one subscription.
// Threads: receive() by one thread at a time; everything else by any thread, also during receive().
class Consumer {
 public:
  virtual ~Consumer() = default;  // leaves: gives up its partitions; what is unsettled goes to others, charged nothing

  // Waits until there is something, at the latest until `deadline`, then returns up to `max` deliveries, in order
  // within each partition. Empty: nothing came, or wake() was called. unavailable: the transport is gone for now; call
  // again. The call may stay away for as long as a handler runs or the store refuses settlements: that the member
  // lives, and what its broker must hear in time, must not depend on it.
  virtual Result<Batch> receive(std::size_t max, Time deadline) = 0;

  // Called exactly once for each settlement of a call, by its index there: durable, or refused. It runs on a thread of
  // the driver, or inside settle(). It must be short, must not block and must not call the consumer.
  // Refusals: conflict (no longer owned; nothing was done), unavailable (not known to be done; may be tried again),
  // overloaded (no room; likewise).
  using Settled = std::function<void(std::size_t index, Result<void> outcome)>;

  // Queues the settlements behind those of earlier calls. Never blocks on the network or the disk. They are performed
  // in this order, and answered within kSettleWithin; a consumer is not destroyed while an answer is outstanding.
  // Of one call, once one that publishes is refused for now (unavailable, overloaded), those behind it that publish are
  // refused likewise: who repeats them in order keeps the order of what they publish. Calls know nothing of each other:
  // who cares for that order sends no second one that publishes before the first is answered.
  virtual void settle(std::vector<Settlement> settlements, Settled settled) = 0;

  enum class Flow { paused, flowing };
  // Stops or starts handing out new deliveries of these partitions.
  virtual void set_flow(std::span<const PartitionId> partitions, Flow flow) = 0;

  // Makes a waiting, or the next, receive() return at once.
  virtual void wake() = 0;

  // Slots that survive this process: whoever starts to decode or handle a delivery stores its token in a slot of its
  // own, and 0 after it. When the process dies, what stands there becomes `suspect`. Empty where a transport has no
  // such place (then Capabilities::suspect_window bounds the suspects).
  virtual std::span<std::atomic<std::uint64_t>> running() { return {}; }
};

struct TopicSpec {
  std::string name;
  bool command = false;
  std::optional<std::int32_t> partitions;  // at creation; the transport's default otherwise
  Retention retention;                     // what was never set is set; conflict where it was, and differs
};

// A type that a service publishes, and where. Durable in the deployment, without expiry: patterns are matched with it.
struct PublishedType {
  std::string type;  // as declared: `OrderCreated`
  std::string topic;
};

struct Declaration {
  std::vector<TopicSpec> topics;
  std::vector<PublishedType> published;
};

// Settles, and waits for the answers, which stand in the order of the settlements.
std::vector<Result<void>> settle_now(Consumer& consumer, Executor& executor, std::vector<Settlement> settlements);

// A connection to one deployment. Threads: any.
class Transport {
 public:
  virtual ~Transport() = default;

  virtual const Capabilities& capabilities() const = 0;

  // Creates what is missing; never removes or changes. conflict: it exists and differs. Blocks.
  virtual Result<void> declare(const Declaration& declaration) = 0;

  virtual Result<std::unique_ptr<Publisher>> publisher(const PublisherOptions& options) = 0;

  // Joins the group. invalid: the specification, or the group reads a topic twice. conflict: a command's second group.
  virtual Result<std::unique_ptr<Consumer>> consumer(const SubscriptionSpec& spec) = 0;

  virtual Control& control() = 0;
  virtual Operator operations() = 0;

  // Whether it can be reached now. Blocks at most until the deadline.
  virtual Result<void> check(Time deadline) = 0;
};

}  // namespace tidings::transport

#pragma GCC visibility pop
