#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <functional>

#include "base/countdown.hpp"
#include "transport/local/operate/local_operator.hpp"
#include "transport/local/storage/limits.hpp"
#include "transport/local/tables/parked_table.hpp"
#include "transport/local/tables/record_codec.hpp"
#include "transport/local/tables/subscriptions.hpp"
#include "transport/local/tables/time_search.hpp"

namespace tidings::local {

using transport::Cursor;
using transport::History;
using transport::HistoryEntry;
using transport::HistoryRange;

namespace {

constexpr std::size_t kReadAtOnce = 256;  // records copied out of one transaction

struct Copied {
  Sequence sequence = 0;
  RecordHeader header;
  std::string stored;
};

// A cursor is the number of the last record that was looked at.
Result<Sequence> sequence_of(const Cursor& cursor) {
  Sequence sequence = 0;
  const auto [end, fault] = std::from_chars(cursor.data(), cursor.data() + cursor.size(), sequence);
  if (!cursor.empty() && (fault != std::errc{} || end != cursor.data() + cursor.size())) {
    return invalid(fmt::format("'{}' is no cursor of this store's history; begin with an empty one", cursor));
  }
  return sequence;
}

// Copies the records of a range out of the store, some at a time.
class Walk final {
 public:
  Walk(Store& store, const HistoryRange& range, const TopicRow& topic, Sequence after)
      : store_{store}, range_{range}, topic_{topic}, after_{after} {}

  // The next ones; empty at the end.
  Result<std::vector<Copied>> next() {
    std::vector<Copied> copied;
    std::size_t bytes = 0;
    while (copied.empty() && !ended_) {
      ReadTransaction transaction{store_.environment()};
      begin(transaction);
      TreeCursor cursor{transaction, Tree::events};
      bool more = cursor.seek_event(after_ + 1);
      for (std::size_t i = 0; more && i < kScanRecordsMax; ++i, more = cursor.next()) {
        if (copied.size() == kReadAtOnce || bytes >= kBatchBytesMax) return copied;
        const auto header = decode_header(cursor.value());
        if (header && range_.to && header->published >= *range_.to) {
          ended_ = true;
          return copied;
        }
        after_ = cursor.sequence();
        if (!header || !wanted(*header, cursor.value())) continue;
        copied.push_back({after_, *header, std::string{cursor.value()}});
        bytes += cursor.value().size();
      }
      ended_ = !more;
      if (!transaction.status()) return transaction.status().error();
    }
    return copied;
  }

  // The last record that was looked at.
  Sequence after() const { return after_; }

 private:
  void begin(Transaction& transaction) {
    if (begun_) return;
    begun_ = true;
    if (!range_.from) return;
    const auto first = first_at(transaction, *range_.from);
    if (first) {
      after_ = std::max(after_, *first - 1);
    } else if (TreeCursor cursor{transaction, Tree::events}; cursor.last()) {
      after_ = std::max(after_, cursor.sequence());  // all there is was published before
    }
  }

  bool wanted(const RecordHeader& header, Bytes stored) const {
    if (header.topic != topic_.id) return false;
    return !range_.key || key_of_stored(stored) == *range_.key;
  }

  Store& store_;
  const HistoryRange& range_;
  const TopicRow& topic_;
  Sequence after_;
  bool begun_ = false;
  bool ended_ = false;
};

class LocalHistory final : public History {
 public:
  explicit LocalHistory(std::shared_ptr<Store> store) : store_{std::move(store)} {}

  Result<Cursor> read(const HistoryRange& range, const Cursor& after, std::size_t limit,
                      const std::function<bool(const HistoryEntry&)>& visit) override {
    const auto catalog = store_->catalog();
    const TopicRow* topic = catalog->find(range.topic);
    if (topic == nullptr) return unknown(range.topic);
    auto last = sequence_of(after);
    if (!last) return last.error();
    Walk walk{*store_, range, *topic, *last};
    std::size_t visited = 0;
    for (bool more = limit > 0; more;) {
      const auto copied = walk.next();
      if (!copied) return copied.error();
      if (copied->empty()) return std::to_string(walk.after());
      for (auto each = copied->begin(); more && each != copied->end(); ++each) {
        last = each->sequence;
        more = show(*each, *topic, visit) && ++visited < limit;
      }
    }
    return std::to_string(*last);
  }

  // Any topic's next record ends it: the store has one sequence.
  Result<void> wait(std::string_view, const Cursor& after, Time deadline) override {
    const auto seen = sequence_of(after);
    if (!seen) return seen.error();
    const Deadline end{store_->executor(), deadline};
    for (;;) {
      const auto bell = store_->wake().seen();
      const auto last = last_sequence();
      if (!last) return last.error();
      if (*last > *seen || end.reached()) return {};
      store_->wake().wait(bell, std::min(end.at() - store_->now(), kLookAgainAfter));
    }
  }

  Result<std::uint64_t> replay(const HistoryRange& range, std::string_view group, std::string_view replay_id) override {
    const auto catalog = store_->catalog();
    const TopicRow* topic = catalog->find(range.topic);
    if (topic == nullptr) return unknown(range.topic);
    // What is published meanwhile does not belong to the range.
    HistoryRange bounded = range;
    bounded.to = std::min(range.to.value_or(kNever), store_->now() + Duration{1});
    Walk walk{*store_, bounded, *topic, 0};
    std::uint64_t count = 0;
    for (;;) {
      const auto copied = walk.next();
      if (!copied) return copied.error();
      const auto done = store_->committer().perform(
          [&](Commit& commit) { return park_all(commit, *copied, *topic, group, replay_id); });
      if (!done) return done.error();
      if (copied->empty()) return count;
      count += copied->size();
    }
  }

 private:
  static Error unknown(const std::string& topic) { return invalid(fmt::format("there is no topic '{}'", topic)); }

  static bool show(const Copied& copied, const TopicRow& topic, const std::function<bool(const HistoryEntry&)>& visit) {
    std::vector<transport::HeaderView> headers(copied.header.headers);
    return visit({.record = decode_or_damaged(copied.stored, topic.name, headers),
                  .position = {.partition = static_cast<std::int32_t>(copied.header.partition),
                               .offset = static_cast<std::int64_t>(copied.sequence)},
                  .published = copied.header.published});
  }

  static Result<void> park_all(Commit& commit, const std::vector<Copied>& copied, const TopicRow& topic,
                               std::string_view group, std::string_view replay_id) {
    const auto reader = reader_of(commit.transaction(), group, topic.id);
    if (!reader) return invalid(fmt::format("there is no group '{}' that reads topic '{}'", group, topic.name));
    std::size_t bytes = 0;
    for (const Copied& each : copied) bytes += each.stored.size();
    if (auto room = commit.room_for(Room::publish, bytes); !room) return room;
    for (const Copied& each : copied) {
      park(commit.transaction(), *reader, each.header.partition,
           {.topic = topic.id,
            .origin = each.sequence,
            .due = commit.now(),
            .replays = 1,
            .replay_id = std::string{replay_id},
            .stored = each.stored});
    }
    commit.announce(kParkedChanged);
    return {};
  }

  Result<Sequence> last_sequence() {
    ReadTransaction transaction{store_->environment()};
    TreeCursor cursor{transaction, Tree::events};
    const Sequence last = cursor.last() ? cursor.sequence() : 0;
    if (!transaction.status()) return transaction.status().error();
    return last;
  }

  const std::shared_ptr<Store> store_;
};

}  // namespace

std::unique_ptr<History> make_history(std::shared_ptr<Store> store) {
  return std::make_unique<LocalHistory>(std::move(store));
}

}  // namespace tidings::local
