// What the messages of a control log come to, read in their order: every reader of the same messages has the same
// records. Pure.
//
// Wire:    docs/wire.md, "Control on Kafka" and "Control on RabbitMQ".
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

namespace tidings::transport {

// How long a message is not compacted away, in a log that is compacted.
inline constexpr Duration kCompactionLag = std::chrono::hours{6};

// Besides key and value, about: headers, and what a broker adds.
inline constexpr std::size_t kControlMessageBytes = 512;

// What came before a message.
enum class Earlier { was_read, may_be_gone };
// In a log that is compacted. `now`: of who reads.
Earlier earlier_by_age(Time appended, Time now);

struct ControlMessage {
  std::string key;
  std::optional<std::string> value;
  std::optional<Time> expires;
  std::optional<std::uint64_t> expected;  // it counts only if this is the key's version
  // It repeats the record of version `keeps`. `repairs` was the key's last message: one that counted for nothing, and
  // compaction keeps no other; or any, in a log that is cut at its front.
  std::optional<std::uint64_t> keeps;
  std::uint64_t repairs = 0;
  std::string token;           // whose put it is
  std::uint64_t version = 0;   // its offset + 1
  Time appended{};             // by the broker's clock, or who put it: all readers see the same
  std::uint64_t position = 0;  // bytes that were read before it, where the log is cut at its front
};

class ControlRecords final {
 public:
  // Whether it counts.
  bool apply(const ControlMessage& message, Earlier earlier);

  std::optional<ControlRecord> get(std::string_view key, Time now) const;
  std::vector<ControlRecord> list(std::string_view prefix, Time now) const;
  std::size_t size() const { return entries_.size(); }
  std::size_t bytes() const { return bytes_; }  // of messages that say again what is there
  bool contains(std::string_view key) const { return entries_.contains(key); }

  // What must be sent because the last message of a key counted for nothing, since before then. One key's, or any.
  std::vector<ControlMessage> repairs(Time before) const;
  std::optional<ControlMessage> repair_of(std::string_view key) const;
  // What must be sent again, for what says it lies before that position, and will be cut off. No more than that many
  // bytes, or one message.
  std::vector<ControlMessage> sinking(std::uint64_t before, std::size_t bytes_max) const;

  // What expired before then, and is still in the topic.
  std::vector<std::string> expired(Time before) const;
  // Forgets what was erased before then; what is left behind are its versions.
  void forget_erased(Time before);

 private:
  struct Entry {
    std::optional<std::string> value;
    std::optional<Time> expires;
    std::uint64_t version = 0;
    // What came before it is gone: it may have counted for nothing. Who expects a version above this knew better.
    std::optional<std::uint64_t> assumed_above;
    std::uint64_t last = 0;  // version of the last message
    bool ignored = false;    // which counted for nothing
    Time appended{};
    std::uint64_t position = 0;  // of the last message that says what there is
  };
  using Entries = std::map<std::string, Entry, std::less<>>;

  enum class Verdict { ignored, assumed, counts };

  static Verdict judge(const Entry* there, const ControlMessage& message, Earlier earlier);
  static ControlMessage repair(const Entries::value_type& entry);
  static std::size_t bytes_of(const Entries::value_type& entry);

  Entries entries_;
  std::size_t bytes_ = 0;
};

}  // namespace tidings::transport
