#include "transport/local/store/store_cleaner.hpp"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "transport/local/storage/limits.hpp"
#include "transport/local/store/local_store.hpp"
#include "transport/local/tables/absence.hpp"
#include "transport/local/tables/control_table.hpp"
#include "transport/local/tables/expiry.hpp"
#include "transport/local/tables/member_table.hpp"
#include "transport/local/tables/record_codec.hpp"
#include "transport/local/tables/topic_stats.hpp"

namespace tidings::local {

namespace {

constexpr Bytes kCleanedAt = "cleaned_at";
constexpr std::size_t kExpiredAtOnce = 1'000;
// A board without a member is a join that was cut off, once it is older than any join takes.
constexpr auto kBoardForgottenAfter = std::chrono::minutes{5};

// What the topics want, and how much each has beyond its limit.
class Limits final {
 public:
  Limits(Transaction& transaction, const Catalog& catalog, Duration retention) {
    for (const TopicRow& topic : catalog.topics()) {
      Limit limit{.age = topic.retention.age.value_or(retention)};
      const std::uint64_t most = topic.retention.bytes.value_or(kRetentionBytesDefault);
      const std::uint64_t bytes = stats_of(transaction, topic.id).bytes;
      limit.excess = bytes > most ? bytes - most : 0;
      any_excess_ = any_excess_ || limit.excess > 0;
      shortest_ = std::min(shortest_, limit.age);
      limits_.push_back(limit);
    }
  }

  // Whether an event of that age, or a younger one, may be too old or too much.
  bool reaches(Duration age) const { return any_excess_ || age >= shortest_; }
  bool expired(const RecordHeader& header, Duration age) const {
    if (header.topic == 0 || header.topic > limits_.size()) return false;
    const Limit& limit = limits_[header.topic - 1];
    return limit.excess > 0 || age >= limit.age;
  }
  void erased(std::uint32_t topic, std::size_t bytes) {
    Limit& limit = limits_[topic - 1];
    limit.excess -= std::min<std::uint64_t>(limit.excess, bytes);
  }

 private:
  struct Limit {
    Duration age{};
    std::uint64_t excess = 0;  // bytes
  };
  std::vector<Limit> limits_;  // by topic id, less one
  Duration shortest_ = Duration::max();
  bool any_excess_ = false;
};

class StoreCleaner final : public StoreListener {
 public:
  explicit StoreCleaner(Store& store) : store_{store} {}

  void rang(Changes changes) override {
    if ((changes & kRoomWanted) == 0) return;
    room_wanted_ = true;
    store_.call_warden();
  }

  Time review() override {
    const Time now = store_.now();
    if (room_wanted_.exchange(false)) {
      urgent_ = true;
      next_ = std::min(next_, begun_ + kCleanWhenFullEvery);
    }
    if (now < next_) return next_;
    if (swept_ == 0) begin_pass(now);
    const bool more = sweep(now);
    if (!more) urgent_ = false;
    if (more) {
      next_ = now + (hurries(now) ? Duration::zero() : kCleanPause);
    } else {  // from beginning to beginning, where it got on
      next_ = swept_ == 0 && erased_any_ ? std::max(now, begun_ + kCleanEvery) : now + kCleanEvery;
    }
    return next_;
  }

 private:
  struct Found {
    std::vector<Sequence> sequences;
    bool unsettled = false;  // not all of them are settled by all
    bool more = false;       // the pass is not at its end
  };

  // Its last step erased something, and publishes are refused for want of room, or the pass takes half as long as there
  // is between two: more is added than is erased. A pass over what must stay is in no hurry.
  bool hurries(Time now) const { return erasing_ && (urgent_ || now - begun_ >= kCleanEvery / 2); }

  void begin_pass(Time now) {
    begun_ = now;
    erased_max_ = kCleanErasedMax;
    erasing_ = erased_any_ = false;
    store_.environment().check_readers();
    forget_boards(now);
    forget_control(now);
    date_absences_of_old(now);
  }

  // One step of a pass. Returns whether another one should follow soon.
  bool sweep(Time now) {
    const Sequence before = swept_;
    const auto found = look(now);
    if (!found) return false;
    erasing_ = !found->sequences.empty();
    if (erasing_ && !erase(*found, now)) return swept_ = before, false;
    erased_any_ |= erasing_;
    if (hurries(now)) erased_max_ = std::min(2 * erased_max_, kCleanErasedHurriedMax);
    if (!found->more) swept_ = 0;
    return found->more;
  }

  std::optional<Found> look(Time now) {
    ReadTransaction transaction{store_.environment()};
    if (swept_ == 0 && cleaned_lately(transaction, now)) return std::nullopt;
    const Catalog catalog{transaction};
    Limits limits{transaction, catalog, store_.retention()};
    std::optional<Expiry> expiry;  // only where something is old
    Found found;
    TreeCursor cursor{transaction, Tree::events};
    // The newest one stays: the next sequence and time of publishing go on from it.
    const Sequence last = cursor.last() ? cursor.sequence() : 0;
    bool more = cursor.seek_event(swept_ + 1);
    const std::size_t records_max = std::max(kCleanRecordsMax, erased_max_);
    std::size_t bytes = 0;
    for (std::size_t i = 0; more && i < records_max && cursor.sequence() < last; ++i, more = cursor.next()) {
      if (found.sequences.size() == erased_max_ || bytes >= kCleanErasedBytesMax) break;
      const auto header = decode_header(cursor.value());
      if (header && !limits.reaches(now - header->published)) return found;
      swept_ = cursor.sequence();
      if (!header || !limits.expired(*header, now - header->published)) continue;
      if (!expiry) expiry.emplace(transaction, catalog, terms(now));
      if (!expiry->may_go(*header, swept_)) continue;
      found.unsettled = found.unsettled || !expiry->settled_by_all(*header, swept_);
      found.sequences.push_back(swept_);
      limits.erased(header->topic, cursor.value().size());
      bytes += cursor.value().size();
    }
    found.more = more && swept_ + 1 < last;
    return found;
  }

  bool cleaned_lately(Transaction& transaction, Time now) {
    const auto value = transaction.get(Tree::meta, kCleanedAt);
    if (!value) return false;
    const Time at = ByteReader{*value}.time().value_or(Time{});
    const Duration lately = urgent_ ? kCleanWhenFullEvery : kCleanEvery / 2;
    return at > own_ && at <= now && now - at < lately;
  }

  bool erase(const Found& found, Time now) {
    own_ = now;
    return bool{store_.committer().upkeep([&](Commit& commit) -> Result<void> {
      WriteTransaction& transaction = commit.transaction();
      std::map<std::uint32_t, TopicStats> erased;
      std::optional<Expiry> expiry;
      if (found.unsettled) expiry.emplace(transaction, Catalog{transaction}, terms(commit.now()));
      for (const Sequence sequence : found.sequences) {
        const auto stored = transaction.event(sequence);
        if (!stored) continue;  // another process was faster
        if (expiry && !take(*expiry, *stored, sequence)) continue;
        TopicStats& stats = erased[place_of(*stored).topic];
        ++stats.records;
        stats.bytes += stored->size();
        transaction.erase_event(sequence);
      }
      if (expiry) expiry->store(transaction);
      for (const auto& [topic, stats] : erased) {
        change_stats(transaction, topic, -static_cast<std::int64_t>(stats.records),
                     -static_cast<std::int64_t>(stats.bytes));
      }
      std::string value;
      ByteWriter{value}.time(now);
      transaction.put(Tree::meta, kCleanedAt, value);
      return {};
    })};
  }

  ExpiryTerms terms(Time now) const {
    return {.retention = store_.retention(), .now = now, .gone_after = store_.gone_after()};
  }

  // False: since we looked, a group came back.
  static bool take(Expiry& expiry, Bytes stored, Sequence sequence) {
    const auto header = decode_header(stored);
    if (!header || !expiry.may_go(*header, sequence)) return false;
    expiry.take(*header, sequence);
    return true;
  }

  void forget_control(Time now) {
    {
      ReadTransaction transaction{store_.environment()};
      if (!any_expired_control(transaction, now)) return;
    }
    // What could not be forgotten is so at the next pass.
    static_cast<void>(store_.committer().upkeep([&](Commit& commit) -> Result<void> {
      erase_expired_control(commit.transaction(), now, kExpiredAtOnce);
      return {};
    }));
  }

  // Groups of stores that were made before it was written down when their last member left.
  void date_absences_of_old(Time now) {
    {
      ReadTransaction transaction{store_.environment()};
      if (!any_undated_absence(transaction)) return;
    }
    // What could not be dated is so at the next pass.
    static_cast<void>(store_.committer().upkeep([&](Commit& commit) -> Result<void> {
      date_absences(commit.transaction(), now);
      return {};
    }));
  }

  void forget_boards(Time now) {
    namespace fs = std::filesystem;
    ReadTransaction transaction{store_.environment()};
    const auto members = all_members(transaction);
    std::error_code fault;
    for (const auto& entry : fs::directory_iterator{store_.directory(), fault}) {
      const std::string name = entry.path().filename();
      if (!name.starts_with("board-")) continue;
      const bool known = std::any_of(members.begin(), members.end(), [&](const MemberRow& member) {
        return name == "board-" + std::to_string(member.id);
      });
      const auto written = std::chrono::file_clock::to_sys(entry.last_write_time(fault));
      if (!known && !fault && now - written > kBoardForgottenAfter) fs::remove(entry.path(), fault);
    }
  }

  Store& store_;
  std::atomic<bool> room_wanted_ = false;
  bool urgent_ = false;      // the pass is for a full store
  bool erasing_ = false;     // its last step erased something
  bool erased_any_ = false;  // the pass did
  Time next_{};
  Time begun_{};                              // the latest pass
  Time own_{};                                // when we erased last
  Sequence swept_ = 0;                        // of the pass; 0: none is under way
  std::size_t erased_max_ = kCleanErasedMax;  // by its next step
};

}  // namespace

std::shared_ptr<StoreListener> clean_regularly(Store& store) {
  return std::make_shared<StoreCleaner>(store);
}

}  // namespace tidings::local
