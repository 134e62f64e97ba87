// How far a group is in one partition that it owns: what came and is not settled, what was tried, and so what the next
// commit says.
//
// Threads: one at a time. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "transport/kafka/format/commit_record.hpp"
#include "transport/kafka/format/offset_table.hpp"

namespace tidings::kafka {

class PartitionProgress final {
 public:
  // As the last owner left it. `suspects`: where it is known what was being handled; nothing else is suspect then.
  explicit PartitionProgress(CommitRecord found, std::optional<std::set<std::int64_t>> suspects = {});

  // What is known of a record that comes, besides itself.
  struct Arrival {
    transport::Attempts attempts;
    bool suspect = false;
  };
  // The record at this offset came; what lies between it and the last one is no record. Nothing: it was settled before.
  // Otherwise it is open from now on.
  std::optional<Arrival> arrive(std::int64_t offset);
  // No record is before `offset` any more.
  void skip_to(std::int64_t offset);

  // How many records from the next one on, before `offset`, were not settled by who had the partition before.
  std::uint64_t unsettled_before(std::int64_t offset) const;

  std::int64_t next() const { return next_; }  // the offset after the last that came

  // What a commit has to say of an open one, besides that it is open: it was tried, or runs alone.
  bool says_more_of(std::int64_t offset) const { return open_.at(offset); }
  std::size_t said_count() const { return said_.size(); }
  // Whether it was there when the last owner's commit was made, as far as that tells: it adds nothing to ours.
  bool was_known(std::int64_t offset) const;

  struct Open {
    transport::Attempts attempts;
    std::optional<transport::Attempts> unmarked;  // of a marked one: what they were before
    bool suspect = false;

    bool is_plain() const { return !suspect && !unmarked && attempts == transport::Attempts{}; }
  };

  // Each: of an open one. What settle() returns opens it again, if the settlement does not come about.
  Open settle(std::int64_t offset);
  void reopen(std::int64_t offset, Open open);
  void retry(std::int64_t offset, const transport::Attempts& attempts);
  // `marked`: its attempts with the crashes that it has if we die now.
  void mark(std::int64_t offset, const transport::Attempts& marked);
  // Its attempt ended, charged nothing. Whether a mark was taken back.
  bool release(std::int64_t offset);

  // What a commit says while we go on: records below `in_flight_below` may be in handlers.
  CommitRecord record(std::int64_t in_flight_below) const;
  // What the last commit says, before another may own it. Marks are taken back, unless nobody can say that their
  // handlers ended: suspects that were not run stay suspects.
  CommitRecord last_record() const;

 private:
  CommitRecord state() const;
  void say(std::int64_t offset, Open open);

  std::int64_t next_;
  CommitRecord found_;                 // of it, what lies at `next_` and beyond counts
  std::set<std::int64_t> suspects_;    // likewise
  OffsetTable<bool> open_;             // whether there is more to say of it
  std::map<std::int64_t, Open> said_;  // of those
};

}  // namespace tidings::kafka
