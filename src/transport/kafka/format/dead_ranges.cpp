#include "transport/kafka/format/dead_ranges.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "transport/kafka/client/kafka_limits.hpp"

namespace tidings::kafka {

namespace {

constexpr char kWithin = '-';
constexpr char kBetween = ' ';

// The number that the text begins with, which is cut off with what follows it.
template <class Number>
std::optional<Number> take_number(std::string_view& text, char follows, int base = 10) {
  Number number{};
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (fault != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (text.empty()) return number;
  if (text.front() != follows) return std::nullopt;
  text.remove_prefix(1);
  return number;
}

// What lies one after another and is dealt with.
struct Run {
  std::optional<DeadRange> all;
  std::size_t letters = 0;
  bool was_known = false;  // in part

  void add(const DeadRange& more) {
    if (!all) all = more;
    all->last = more.last;
    all->buried = more.buried;
  }
};

class Runs final {
 public:
  explicit Runs(std::int64_t begin) : begin_{begin}, next_{begin} {}

  // The runs that do not begin at the front.
  std::vector<Run> runs;
  std::optional<DeadRange> front;

  void take(const DeadRange& known) {
    if (known.last < begin_) return;
    reach(known.first);
    run_.add(known);
    run_.was_known = true;
    next_ = known.last + 1;
  }
  void take(const OffsetRange& read, std::span<const SeenLetter> seen) {
    reach(read.first);
    for (const SeenLetter& letter : seen) {
      if (letter.is_open) {
        end_run();
      } else {
        run_.add({letter.offset, letter.offset, letter.buried});
        ++run_.letters;
      }
    }
    next_ = read.last + 1;
  }
  void end_run() {
    if (run_.all && is_front_) front = run_.all;
    if (run_.all && !is_front_) runs.push_back(run_);
    is_front_ = false;
    run_ = {};
  }

 private:
  // What lies between was not read.
  void reach(std::int64_t offset) {
    if (offset > next_) end_run();
  }

  const std::int64_t begin_;
  std::int64_t next_;
  bool is_front_ = true;
  Run run_;
};

Runs runs_of(const DeadLook& look) {
  Runs runs{look.begin};
  auto known = look.ranges.begin();
  auto seen = look.seen.begin();
  for (const OffsetRange& read : look.read) {
    for (; known != look.ranges.end() && known->last < read.first; ++known) runs.take(*known);
    const auto end = std::find_if(seen, look.seen.end(), [&](const auto& letter) { return letter.offset > read.last; });
    runs.take(read, {seen, end});
    seen = end;
  }
  for (; known != look.ranges.end(); ++known) runs.take(*known);
  runs.end_run();
  return runs;
}

}  // namespace

std::string text_of(const DeadRanges& ranges) {
  std::string text;
  for (const DeadRange& range : ranges) {
    if (!text.empty()) text += kBetween;
    text += fmt::format("{}{}{}{}{:016x}", range.first, kWithin, range.last, kWithin,
                        static_cast<std::uint64_t>(range.buried.time_since_epoch().count()));
  }
  return text;
}

std::optional<DeadRanges> dead_ranges(std::string_view text) {
  DeadRanges ranges;
  while (!text.empty()) {
    const auto first = take_number<std::int64_t>(text, kWithin);
    const auto last = take_number<std::int64_t>(text, kWithin);
    const auto buried = take_number<std::uint64_t>(text, kBetween, 16);
    const std::int64_t before = ranges.empty() ? -1 : ranges.back().last;
    if (!first || !last || !buried || *first <= before || *last < *first) return std::nullopt;
    ranges.push_back({*first, *last, Time{Duration{static_cast<std::int64_t>(*buried)}}});
  }
  return ranges;
}

Offsets outside(const OffsetRange& all, const DeadRanges& ranges) {
  Offsets left;
  std::int64_t next = all.first;
  for (const DeadRange& range : ranges) {
    const std::int64_t last = std::min(range.first - 1, all.last);
    if (next <= last) left.push_back({next, last});
    next = std::max(next, range.last + 1);
  }
  if (next <= all.last) left.push_back({next, all.last});
  return left;
}

Offsets first_of(const Offsets& offsets, std::int64_t most) {
  Offsets some;
  for (const OffsetRange& all : offsets) {
    if (most <= 0 || some.size() == kStretchesReadMax) break;
    const OffsetRange one{all.first, std::min(all.last, all.first + most - 1)};
    most -= one.last - one.first + 1;
    some.push_back(one);
  }
  return some;
}

Offsets united(const Offsets& one, const Offsets& other) {
  Offsets all;
  std::merge(one.begin(), one.end(), other.begin(), other.end(), std::back_inserter(all));
  Offsets apart;
  for (const OffsetRange& range : all) {
    if (apart.empty() || range.first > apart.back().last + 1) {
      apart.push_back(range);
    } else {
      apart.back().last = std::max(apart.back().last, range.last);
    }
  }
  return apart;
}

// Else the stretches around a closed one may end before it, and no range ever comes of those around it.
static_assert(kStretchesReadMax * kRangeLettersMin >= kRangeReadMax / 2);

Offsets offsets_to_look_at(const OffsetRange& all, const DeadRanges& ranges, std::int64_t closed) {
  const auto from = [&](std::int64_t first, std::int64_t most) {
    return first_of(outside({std::max(all.first, first), all.last}, ranges), most);
  };
  const Offsets where_it_is = united(from(all.first, kFloorReadMax), from(closed - kRangeReadMax / 2, kRangeReadMax));
  return ranges.empty() ? where_it_is : united(where_it_is, from(ranges.back().last + 1, kFloorReadMax));
}

DealtWith dealt_with(const DeadLook& look) {
  const Runs found = runs_of(look);
  std::size_t count = static_cast<std::size_t>(
      std::count_if(found.runs.begin(), found.runs.end(), [](const Run& run) { return run.was_known; }));
  DealtWith all{.front = found.front, .ranges = {}};
  for (const Run& run : found.runs) {
    const bool is_new = !run.was_known && run.letters >= kRangeLettersMin && count < kDeadRangesMax;
    if (is_new) ++count;
    if (is_new || run.was_known) all.ranges.push_back(*run.all);
  }
  return all;
}

}  // namespace tidings::kafka
