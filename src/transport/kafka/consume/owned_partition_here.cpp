#include "transport/kafka/consume/owned_partition_here.hpp"

#include <algorithm>
#include <iterator>

#include "transport/driver/delivery_token.hpp"

namespace tidings::kafka {

namespace {

class SourceHere final : public PartitionSource {
 public:
  explicit SourceHere(std::shared_ptr<RecordsHere> here) : here_{std::move(here)} {}

  std::shared_ptr<const Fetched> take(std::size_t max) override {
    here_->asked.push_back(max);
    auto& records = here_->records;
    if (records.empty()) return nullptr;
    const auto end = records.begin() + static_cast<std::ptrdiff_t>(std::min(max, records.size()));
    std::vector<FetchedRecord> taken{std::move_iterator{records.begin()}, std::move_iterator{end}};
    records.erase(records.begin(), end);
    return std::make_shared<const Fetched>(std::move(taken));
  }
  std::int64_t expired_before(std::int64_t next, std::int64_t offset) const override {
    return std::clamp(here_->begin, next, offset);
  }

 private:
  const std::shared_ptr<RecordsHere> here_;
};

}  // namespace

void OwnedPartitionHere::own(CommitRecord found, std::uint32_t window_max,
                             std::shared_ptr<transport::InstanceBoard> board) {
  partition_ = std::make_unique<OwnedPartition>(id, kSlot, window_max, std::move(found),
                                                std::make_unique<SourceHere>(here_), std::move(board), kLife);
}

void OwnedPartitionHere::own_and_commit(CommitRecord found, std::uint32_t window_max,
                                        std::shared_ptr<transport::InstanceBoard> board) {
  own(std::move(found), window_max, std::move(board));
  commit();
}

void OwnedPartitionHere::put(std::int64_t first, std::int64_t last) {
  for (std::int64_t offset = first; offset <= last; ++offset) {
    FetchedRecord& record = here_->records.emplace_back();
    record.offset = offset;
    record.bytes = kBytes;
  }
}

void OwnedPartitionHere::put_copy(std::int64_t offset, Duration stored_before, Duration due_in,
                                  transport::Attempts attempts) {
  put(offset, offset);
  FetchedRecord& record = here_->records.back();
  record.stored = kNow - stored_before;
  record.copy = std::make_unique<Copy>();
  record.copy->position = {.partition = 8, .offset = 1'000 + offset};
  record.copy->attempts = std::move(attempts);
  record.copy->attempts.due = kNow + due_in;
}

OwnedPartitionHere::Offsets OwnedPartitionHere::take(Room room) {
  const std::size_t before = deliveries.size();
  partition_->hand_out(room, kNow, deliveries, hops);
  Offsets taken;
  for (std::size_t i = before; i < deliveries.size(); ++i) taken.push_back(transport::place_of(deliveries[i].token));
  return taken;
}

const transport::Delivery& OwnedPartitionHere::delivery(std::int64_t offset) const {
  return *std::find_if(deliveries.rbegin(), deliveries.rend(),
                       [&](const auto& one) { return one.token == transport::token_of(kSlot, offset); });
}

CommitRecord OwnedPartitionHere::commit() {
  const Commit commit = partition_->next_commit(Last::no);
  confirm(commit);
  return said_by(commit);
}

void OwnedPartitionHere::confirm(const Commit& commit) {
  partition_->committed(commit, answers);
}

CommitRecord OwnedPartitionHere::said_by(const Commit& commit) {
  return read_commit(commit.offset, commit.metadata).value();
}

Waiter OwnedPartitionHere::waiter(std::size_t index, Time deadline) {
  auto call = std::make_shared<transport::SettleCall>();
  call->settled = [this](std::size_t which, Result<void> outcome) {
    answered_.emplace_back(which, outcome ? std::nullopt : std::optional{outcome.error().kind});
  };
  call->deadline = deadline;
  return {.call = std::move(call), .index = index};
}

std::vector<std::pair<std::size_t, std::optional<ErrorKind>>> OwnedPartitionHere::answered() {
  answers.tell();
  return std::exchange(answered_, {});
}

}  // namespace tidings::kafka
