// Performs the settlements of a member that publish: what they publish, and how far the group is then, in one
// transaction. A failure is so counted once, and a dead letter there once, wherever the process dies.
//
// Owns:    a TransactionalClient and a thread, `kafka-transact`, from the first transaction on.
// Threads: the member's; the answer comes as a letter.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "transport/kafka/consume/member_inbox.hpp"
#include "transport/kafka/consume/transactional_client.hpp"

namespace tidings::kafka {

class Transactor final {
 public:
  Transactor(std::shared_ptr<Cluster> cluster, std::string group_id, std::string transactional_id,
             std::shared_ptr<MemberInbox> inbox);
  ~Transactor();  // waits for the one that runs

  // One at a time: the next one after the answer to the last.
  void begin(Transaction transaction);

 private:
  void run();
  TransactionAnswer perform(Transaction transaction);
  Result<void> open_client(const TransactionAnswer& answer);
  Result<void> find_out(const GroupOffsets& group, Error doubt);
  bool wait_on();

  const std::shared_ptr<Cluster> cluster_;
  const std::string group_id_;
  const std::string transactional_id_;
  const std::shared_ptr<MemberInbox> inbox_;
  std::mutex mutex_;
  const std::unique_ptr<Condition> changed_;
  std::optional<Transaction> next_;
  bool stopping_ = false;
  std::unique_ptr<TransactionalClient> client_;  // the thread's
  std::unique_ptr<Thread> thread_;
};

}  // namespace tidings::kafka
