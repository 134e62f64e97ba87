// Which rows of the outbox are sent next: in order within each key, at most one of a key at a time, and none of a key
// whose first was refused until that one is confirmed. Pure: no clock, thread or database.
//
// A refused row is not kept in memory, nor is anything of its key behind it: it is read again when it is due, the
// others when it is confirmed (the cursor goes back to the first of them). So a key that is stuck takes one place, not
// all.
//
// Threads: one.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tidings/names.hpp"
#include "tidings/transport/record.hpp"

namespace tidings::detail {

struct RelayLimits {
  std::size_t rows_max = 4'096;       // read and not deleted yet
  std::size_t bytes_max = 16u << 20;  // of their records
  Duration retry_first = std::chrono::milliseconds{100};
  Duration retry_max = std::chrono::seconds{5};
};

struct RelayRow {
  std::int64_t sequence = 0;
  transport::Record record;
};

class RelayWindow final {
 public:
  explicit RelayWindow(const RelayLimits& limits) : limits_{limits} {}

  // Rows are read on after this sequence.
  std::int64_t cursor() const { return cursor_; }
  bool has_room() const { return rows_.size() < limits_.rows_max && bytes_ < limits_.bytes_max; }
  // The next row after the cursor, which goes on to it.
  void add(RelayRow row);
  // The next row after the cursor is damaged: it is left where it is.
  void pass(std::int64_t sequence) { cursor_ = sequence; }

  // What may be sent now. It counts as sent until it is confirmed or refused.
  std::vector<RelayRow> take_ready();

  void confirm(std::int64_t sequence);
  // Confirmed rows are remembered until they are deleted: the cursor may go back over them.
  void deleted(std::int64_t sequence);
  // How often it was refused, this time included.
  int refuse(std::int64_t sequence, Time now);

  // Refused rows that are due: read them again and hand them in by add_again().
  std::vector<std::int64_t> take_due(Time now);
  void add_again(RelayRow row);
  // It could not be read now: later.
  void put_off(std::int64_t sequence, Time now);
  // When the next one is due; none: nothing waits.
  std::optional<Time> next_due() const;

  std::size_t refused() const { return due_.size(); }
  bool idle() const { return rows_.empty(); }

 private:
  struct Row {
    std::string lane;
    std::size_t bytes = 0;
    std::optional<transport::Record> record;  // none: it is sent, refused, or waits to be deleted
  };
  struct Lane {
    std::deque<std::int64_t> waiting;  // behind its first, which is ready, sent or refused
    int refusals = 0;                  // of its first
    std::int64_t dropped_from = 0;     // rows of it from here on were passed over; 0: none
  };

  void hold(std::int64_t sequence, const Lane& lane, Time now);
  void drop_waiting(Lane& lane);
  void release_bytes(Row& row);

  const RelayLimits limits_;
  std::int64_t cursor_ = 0;
  std::size_t bytes_ = 0;
  std::unordered_map<std::int64_t, Row> rows_;
  std::unordered_map<std::string, Lane> lanes_;
  std::deque<std::int64_t> ready_;
  std::set<std::pair<Time, std::int64_t>> due_;  // refused rows
};

}  // namespace tidings::detail
