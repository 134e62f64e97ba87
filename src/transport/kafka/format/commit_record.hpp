// How far a group is in a partition, as its commits say: the offset, and in the commit's metadata what no offset can
// say. Kafka's limit of that is 4 KiB (offset.metadata.max.bytes).
//
// Format:  docs/formats/kafka-commits.md, version 1.
// Threads: values; pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tidings/result.hpp"
#include "tidings/transport/settlement.hpp"

namespace tidings::kafka {

// Offsets `first` to `last`, both among them.
struct OffsetRange {
  std::int64_t first = 0;
  std::int64_t last = 0;

  friend auto operator<=>(const OffsetRange&, const OffsetRange&) = default;
};

struct CommitRecord {
  std::int64_t watermark = 0;                            // all before it is settled
  std::vector<OffsetRange> settled;                      // beyond it, in order, with gaps between them
  std::map<std::int64_t, transport::Attempts> attempts;  // of what is not settled and was tried, or marked
  // An owner that has not ended cleanly may have in flight what lies before it and is not settled; none: nobody has.
  std::optional<std::int64_t> in_flight_below;
  // Whose board (instance_board.hpp) says what of that is being handled, and by which slot of the partition; 0:
  // nobody's.
  std::uint64_t board = 0;
  std::uint64_t slot = 0;

  friend bool operator==(const CommitRecord&, const CommitRecord&) = default;
};

inline constexpr std::size_t kCommitMetadataMax = 4'096;

// The metadata of a commit at `watermark`. Where error texts do not fit they are cut, all alike. Longer than
// kCommitMetadataMax: too much is settled beyond the watermark, or tried.
std::string metadata_of(const CommitRecord& record);
// What of it cannot be left out: errors' texts can.
std::size_t bytes_needed(CommitRecord record);

// Goes on at `begin`, because what lies before it is gone. Returns how much of that was not settled.
std::uint64_t skip_to(CommitRecord& record, std::int64_t begin);

// Of a commit as it was found. What is no metadata of ours says nothing. corrupt: it is ours and damaged.
Result<CommitRecord> read_commit(std::int64_t offset, std::string_view metadata);

}  // namespace tidings::kafka
