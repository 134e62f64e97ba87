// What retention may remove of what groups have not settled: nothing, unless the topic says Unsettled::expire and the
// group is gone (transport::is_gone). What a group loses so is counted.
//
// A picture of one moment: taken and used within one transaction.
//
// Format:  docs/formats/local.md, tree `stats`.
// Threads: values.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "tidings/transport/retention.hpp"
#include "transport/local/tables/unsettled.hpp"

namespace tidings::local {

struct ExpiryTerms {
  Duration retention{};  // of topics that say nothing
  Time now{};
  Duration gone_after = transport::kGoneAfter;  // at least, without a member
};

class Expiry final {
 public:
  Expiry(Transaction& transaction, const Catalog& catalog, const ExpiryTerms& terms);

  bool settled_by_all(const RecordHeader& header, Sequence sequence) const {
    return readings_.settled_by_all(header, sequence);
  }
  // Whether the event may go: who has not settled it may lose it.
  bool may_go(const RecordHeader& header, Sequence sequence) const;

  // The event goes: notes what that means for those who have not settled it.
  void take(const RecordHeader& header, Sequence sequence);
  // Writes all of that down.
  void store(WriteTransaction& transaction) const;

 private:
  struct Attempt {
    std::uint32_t group = 0;
    std::uint32_t partition = 0;
    Sequence sequence = 0;
  };

  bool gone(std::uint32_t group, const transport::Retention& retention) const;

  const ExpiryTerms terms_;
  const Readings readings_;
  std::vector<transport::Retention> retention_;                            // by topic id
  const std::map<std::uint32_t, Time> absent_;                             // groups, and since when
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint64_t> lost_;  // by group and topic
  std::map<ProgressKey, StoredProgress> progress_;                         // that changed
  std::vector<Attempt> attempts_;
};

// How many events of the topic the group lost.
std::uint64_t expired_of(Transaction& transaction, std::uint32_t group, std::uint32_t topic);

// Forgets what the group lost, and since when it has no member.
void forget_group_stats(WriteTransaction& transaction, std::uint32_t group);

}  // namespace tidings::local
