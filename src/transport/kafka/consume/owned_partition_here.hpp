// A partition that a member owns, without a cluster: its records are those that a test puts there.
#pragma once

#include <gmock/gmock.h>

#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "transport/kafka/consume/owned_partition.hpp"

namespace tidings::kafka {

// What is there to be fetched.
struct RecordsHere {
  std::deque<FetchedRecord> records;
  std::int64_t begin = 0;          // retention took what lies before it
  std::vector<std::size_t> asked;  // for how many at most, each time
};

class OwnedPartitionHere : public ::testing::Test {
 protected:
  using Offsets = std::vector<std::int64_t>;
  using Held = OwnedPartition::Held;
  using Last = OwnedPartition::Last;
  using Commit = OwnedPartition::Commit;

  static constexpr std::uint64_t kSlot = 3;
  static constexpr std::uint64_t kLife = 77;
  static constexpr std::size_t kBytes = 100;  // of each record
  static constexpr std::uint32_t kWindow = 8'192;
  static constexpr Room kRoomy{.records = 100'000, .bytes = 1 << 30};
  static constexpr Time kNow{std::chrono::hours{400'000}};

  // As `found` says; its first commit is not made.
  void own(CommitRecord found = {}, std::uint32_t window_max = kWindow,
           std::shared_ptr<transport::InstanceBoard> board = nullptr);
  // Likewise, and its first commit is confirmed.
  void own_and_commit(CommitRecord found = {}, std::uint32_t window_max = kWindow,
                      std::shared_ptr<transport::InstanceBoard> board = nullptr);

  // Events, of these offsets.
  void put(std::int64_t first, std::int64_t last);
  // A copy that was stored so long ago and is due in so long.
  void put_copy(std::int64_t offset, Duration stored_before, Duration due_in, transport::Attempts attempts = {});

  // What is handed out; where its copies had to go on, that is in `hops`.
  Offsets take(Room room = kRoomy);
  Offsets take(std::size_t records) { return take(Room{.records = records, .bytes = kRoomy.bytes}); }
  // The last time it was handed out.
  const transport::Delivery& delivery(std::int64_t offset) const;

  // Made and confirmed. Returns what it says.
  CommitRecord commit();
  void confirm(const Commit& commit);
  static CommitRecord said_by(const Commit& commit);

  Waiter waiter(std::size_t index, Time deadline = kNever);
  // What was answered since this was asked last: whom, and what.
  std::vector<std::pair<std::size_t, std::optional<ErrorKind>>> answered();

  OwnedPartition& partition() { return *partition_; }
  RecordsHere& here() { return *here_; }

  transport::PartitionId id{.topic = "orders", .partition = 1};
  std::vector<transport::Delivery> deliveries;
  Offsets hops;
  Answers answers;

 private:
  const std::shared_ptr<RecordsHere> here_ = std::make_shared<RecordsHere>();
  std::unique_ptr<OwnedPartition> partition_;
  std::vector<std::pair<std::size_t, std::optional<ErrorKind>>> answered_;
};

}  // namespace tidings::kafka
