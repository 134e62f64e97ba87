// Ranges of dead letters of a partition that are all dealt with, while one before them is open: what they say, what
// they leave to read, and which there are after a look at some of the others.
//
// Wire:    docs/wire.md, "Dead letters and retries".
// Threads: values; pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tidings/names.hpp"
#include "transport/kafka/format/commit_record.hpp"

namespace tidings::kafka {

struct DeadRange {
  std::int64_t first = 0;
  std::int64_t last = 0;  // where a dead letter lies
  Time buried{};          // when that one was: whether it is still the same

  friend bool operator==(const DeadRange&, const DeadRange&) = default;
};
using DeadRanges = std::vector<DeadRange>;  // in order, apart from one another

std::string text_of(const DeadRanges& ranges);
// None: it is damaged, or a later version's.
std::optional<DeadRanges> dead_ranges(std::string_view text);

// Offsets in order, apart from one another.
using Offsets = std::vector<OffsetRange>;

// What of all these is in no range.
Offsets outside(const OffsetRange& all, const DeadRanges& ranges);
// The first ones, at most so many, from at most kStretchesReadMax of them.
Offsets first_of(const Offsets& offsets, std::int64_t most);
Offsets united(const Offsets& one, const Offsets& other);

// Where to look, when these are all and that one is closed: from the front on, where a floor may rise; around what is
// closed, and behind the last range, where ranges may grow. kFloorReadMax and kRangeReadMax bound it.
Offsets offsets_to_look_at(const OffsetRange& all, const DeadRanges& ranges, std::int64_t closed);

struct SeenLetter {
  std::int64_t offset = 0;
  Time buried{};
  bool is_open = false;
};

// Of a partition. Of the offsets that were read all letters were seen, in order.
struct DeadLook {
  std::int64_t begin = 0;  // all before it are dealt with
  DeadRanges ranges;       // known so far
  Offsets read;            // none of them in a range
  std::vector<SeenLetter> seen;
};

struct DealtWith {
  std::optional<DeadRange> front;  // from `begin` on: no range any more, but where the floor is
  DeadRanges ranges;

  friend bool operator==(const DealtWith&, const DealtWith&) = default;
};

// Ranges that are known stay, grow, and become one where nothing open lies between them. A new one has at least
// kRangeLettersMin letters, and there are at most kDeadRangesMax with it.
DealtWith dealt_with(const DeadLook& look);

}  // namespace tidings::kafka
