// Shares the queues of a subscription evenly among its members, and hands them over.
//
// RabbitMQ gives a queue to whoever of its consumers came first, for as long as that one stays. So a member consumes
// only the queues that it has by the plan (queue_plan.hpp): who has which is a record in Control, changed only at the
// version that was read. Who is to give one up finishes what is in flight, stops consuming, and says so there. That one
// consumer is active at a time (x-single-active-consumer) holds whatever the records say.
//
// Each member looks whether the next one in the ring is still there, and erases the record of one that is not.
//
// What a quorum queue gets back it gives again first, in the order in which it came back: that is theirs only if
// whoever has it next takes all of it at once. So nobody's prefetch is smaller than that of the one before.
//
// While the server takes no messages nothing can be noted: queues stay with who has them, and one that nobody has is
// taken without a record by all who see that. The server gives it to one of them at a time; whose record comes first
// keeps it.
//
// Owns:    the thread `amqp-sharing`.
// Threads: any, but for leave(), which is the last.
// Blocks:  leave(), kLeaveWithin, and what the server is asked just then (kLookWithin); the destructor likewise.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tidings/executor.hpp"
#include "tidings/transport/settlement.hpp"
#include "transport/driver/bell.hpp"
#include "transport/driver/instance_board.hpp"
#include "transport/rabbitmq/consume/queue_suspects.hpp"
#include "transport/rabbitmq/consume/record_changes.hpp"
#include "transport/rabbitmq/consume/share_records.hpp"
#include "transport/rabbitmq/consume/trials.hpp"
#include "transport/rabbitmq/control/control_stream.hpp"

namespace tidings::rabbitmq {

// For who consumes.
struct ShareOrder {
  enum class Kind {
    take,     // consume it
    give_up,  // finish what is in flight, stop consuming, and say released()
    lose,     // another one has it
  };
  Kind kind = Kind::take;
  std::size_t queue = 0;
  std::uint64_t connection = 0;  // of connected(): of an earlier one it means nothing any more
  std::uint64_t slot = 0;        // of `take`, as what follows
  std::uint16_t prefetch = 0;
  QueueSuspects suspects = {};
  std::map<std::string, transport::Attempts> trials = {};  // of what may come again
};

struct SharingSpec {
  std::string name;  // of the subscription's queues
  std::size_t queues = 1;
  std::string instance;
  std::uint64_t life = 0;
  std::uint16_t prefetch = 0;
  std::shared_ptr<transport::InstanceBoard> board;  // none: there is no place for one
  std::function<std::string(const std::string& instance)> board_of;
  std::function<Result<bool>(const std::string& instance)> is_there;  // blocks
  std::function<Result<void>()> announce;  // the member, where that could not be done before. Blocks
  std::function<void(std::vector<ShareOrder>)> tell;
  std::function<void(Error)> trouble;
};

class QueueSharing final {
 public:
  QueueSharing(Executor& executor, std::shared_ptr<ControlStream> log, std::shared_ptr<Trials> trials,
               SharingSpec spec);
  ~QueueSharing();

  // We can be seen, and consume nothing yet. The number of this connection.
  void connected(std::uint64_t connection);
  void disconnected();
  // Nothing is in flight of it, and it is not consumed any more. `suspects`: some of it were.
  void released(std::size_t queue, bool suspects);
  // All that is had is left; of those in `suspects`, some were. False: the server did not confirm it in time.
  bool leave(const std::set<std::size_t>& suspects);

 private:
  struct Release {
    std::size_t queue = 0;
    bool suspects = false;
  };
  struct Held {
    QueueRecord record;  // while it is not noted, at the version of the one that it is to follow
    bool is_noted = true;
    bool asked_back = false;
  };
  // What a step came to.
  enum class Step { done, again };

  void run();
  Step step();
  Result<Step> share();
  void adopt_connection();
  Result<ShareRecords> read();
  Result<void> announce_late();
  Result<void> announce(ShareRecords& records);
  Result<void> let_go();
  void lose(std::size_t queue);
  void compare(const ShareRecords& records);
  // By each queue's number, who is to have it, by the number in `members`.
  std::vector<std::optional<std::size_t>> plan(const ShareRecords& records) const;
  Result<void> follow_plan(const ShareRecords& records);
  Result<void> take(const std::vector<std::size_t>& queues, const ShareRecords& records);
  ShareOrder order_of(std::size_t queue, const QueueRecord& record, QueueSuspects suspects) const;
  // Waits until all are answered, or we end.
  RecordVersions put(const std::vector<RecordChange>& changes);
  Result<std::uint64_t> put(RecordChange change);
  QueueSuspects suspects_after(const QueueRecord& before) const;
  void forget_board(const QueueRecord& of, const ShareRecords& records) const;
  Result<void> look(const ShareRecords& records);
  QueueRecord left(const QueueRecord& held, bool suspects) const;

  // ---- While the server takes no messages (sharing_without_records.cpp)
  Result<Step> do_without_records();
  void take_back();
  void take_ownerless(const ShareRecords& records);
  bool has_owner(const QueueRecord& queue, const ShareRecords& records);
  Result<Step> note_taken();

  Executor& executor_;
  const std::shared_ptr<ControlStream> log_;
  const std::shared_ptr<Trials> trials_;
  const SharingSpec spec_;
  const std::shared_ptr<transport::Bell> bell_;
  std::atomic<bool> stopping_{false};

  std::mutex mutex_;  // of these
  std::optional<std::uint64_t> given_connection_;
  std::vector<Release> given_releases_;

  // The thread's.
  std::optional<std::uint64_t> connection_;
  Time connected_at_{};
  Time look_at_{};
  std::uint64_t announced_ = 0;  // version of our record; 0: there was none
  std::uint64_t next_slot_ = 1;
  std::map<std::size_t, Held> held_;
  std::vector<Release> releases_;
  bool is_announced_ = false;  // by spec_.announce
  Time give_up_not_before_{};

  std::unique_ptr<Thread> thread_;
};

}  // namespace tidings::rabbitmq
