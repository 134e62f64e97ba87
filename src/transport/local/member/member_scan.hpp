// One look of a member at the store for what it may hand out next.
//
// The scan walks the events in order without the member's lock, takes it for those that may be its own, and copies
// what it took into blocks of memory, several small ones into one.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "transport/local/member/local_member.hpp"

namespace tidings::local {

class Scan final {
 public:
  // `lock` is held; it is released while the store is read.
  Scan(Member& member, std::unique_lock<std::mutex>& lock);
  ~Scan();

  // Appends up to `room` deliveries. corrupt: an event of which not even the partition can be read was passed over.
  Result<void> run(std::size_t room, std::vector<transport::Delivery>& deliveries);

 private:
  struct Candidate {
    Sequence sequence = 0;
    RecordHeader header;
    Bytes stored;
  };
  // What was taken, and where its bytes lie in the store.
  struct Pick {
    Token token = 0;
    RecordHeader header;
    Sequence origin = 0;
    Bytes stored;
    Trial trial;
    std::string replay_id;
    int replays = 0;
  };

  bool begin();
  void put_back();
  void parked(std::size_t room);
  void parked_of(std::uint32_t partition, Time now, std::size_t room, Time& next_due);
  void events(std::size_t room);
  bool slice(TreeCursor& cursor, const ScanFilter& filter);
  void take(const Candidate& candidate);
  bool is_full(std::size_t room) const { return picks_.size() >= room || bytes_ >= bytes_max_; }
  void weigh(Token token, std::size_t bytes);
  void deliver(std::vector<transport::Delivery>& deliveries);
  void deliver(std::span<Pick> picks, std::vector<transport::Delivery>& deliveries);
  transport::Delivery delivery_of(Pick& pick, Bytes stored, std::span<transport::HeaderView> headers) const;

  Member& member_;
  std::unique_lock<std::mutex>& lock_;
  std::shared_ptr<const Catalog> catalog_;
  std::vector<Pick> picks_;
  std::vector<Candidate> candidates_;
  Sequence next_ = 0;  // behind the last that the slice looked at
  std::size_t bytes_ = 0;
  std::size_t bytes_max_ = 0;
  std::size_t looked_at_ = 0;
  bool reading_ = false;
};

}  // namespace tidings::local
