// What the messages of the control topic come to, read in their order: every reader of the same messages has the same
// records. Pure.
//
// Wire:    docs/wire.md, "Control on Kafka".
// Threads: the caller serialises.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tidings/names.hpp"
#include "tidings/transport/control.hpp"

namespace tidings::kafka {

// How long a message is not compacted away.
inline constexpr Duration kCompactionLag = std::chrono::hours{6};

struct ControlMessage {
  std::string key;
  std::optional<std::string> value;
  std::optional<Time> expires;
  std::optional<std::uint64_t> expected;  // it counts only if this is the key's version
  // It repeats the record of version `keeps`, because of `repairs`, which counted for nothing and was the key's last
  // message: compaction keeps no other.
  std::optional<std::uint64_t> keeps;
  std::uint64_t repairs = 0;
  std::string token;          // whose put it is
  std::uint64_t version = 0;  // its offset + 1
  Time appended{};            // by the broker's clock, which all readers see alike
};

class ControlRecords final {
 public:
  // Whether it counts. `now`: of who reads.
  bool apply(const ControlMessage& message, Time now);

  std::optional<transport::ControlRecord> get(std::string_view key, Time now) const;
  std::vector<transport::ControlRecord> list(std::string_view prefix, Time now) const;
  std::size_t size() const { return entries_.size(); }
  bool contains(std::string_view key) const { return entries_.contains(key); }

  // What must be sent because the last message of a key counted for nothing, since before then. One key's, or any.
  std::vector<ControlMessage> repairs(Time before) const;
  std::optional<ControlMessage> repair_of(std::string_view key) const;

  // What expired before then, and is still in the topic.
  std::vector<std::string> expired(Time before) const;
  // Forgets what was erased before then; what is left behind are its versions.
  void forget_erased(Time before);

 private:
  struct Entry {
    std::optional<std::string> value;
    std::optional<Time> expires;
    std::uint64_t version = 0;
    // What came before it was compacted away: it may have counted for nothing. Who expects a version above this knew
    // better.
    std::optional<std::uint64_t> assumed_above;
    std::uint64_t last = 0;  // version of the last message
    bool ignored = false;    // which counted for nothing
    Time appended{};
  };
  using Entries = std::map<std::string, Entry, std::less<>>;

  static bool counts(const Entry& there, const ControlMessage& message, bool known, bool old);
  static ControlMessage repair(const Entries::value_type& entry);

  Entries entries_;
};

}  // namespace tidings::kafka
