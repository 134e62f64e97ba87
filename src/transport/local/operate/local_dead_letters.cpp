#include <fmt/format.h>

#include <algorithm>

#include "base/flaw.hpp"
#include "transport/local/operate/local_operator.hpp"
#include "transport/local/storage/limits.hpp"
#include "transport/local/tables/dead_table.hpp"
#include "transport/local/tables/parked_table.hpp"
#include "transport/local/tables/record_codec.hpp"
#include "transport/local/tables/subscriptions.hpp"
#include "transport/local/tables/tree_walk.hpp"

namespace tidings::local {

using transport::DeadFilter;
using transport::DeadLetter;
using transport::DeadLetters;

namespace {

bool matches(const std::string& wanted, std::string_view found) {
  return wanted.empty() || wanted == found;
}

bool passes(const DeadFilter& filter, const DeadRow& row, const Catalog& catalog) {
  if (!matches(filter.group, row.group) || !matches(filter.reason, row.reason)) return false;
  if (filter.since && row.buried < *filter.since) return false;
  const TopicRow* topic = catalog.find(row.topic);
  return matches(filter.topic, topic == nullptr ? "" : topic->name);
}

class LocalDeadLetters final : public DeadLetters {
 public:
  explicit LocalDeadLetters(std::shared_ptr<Store> store) : store_{std::move(store)} {}

  Result<std::vector<DeadLetter>> browse(const DeadFilter& filter, std::string_view after, std::size_t limit) override {
    const auto first = after.empty() ? std::optional<std::uint64_t>{0} : dead_number(after);
    if (!first) return invalid(fmt::format("'{}' is no dead letter's id", after));
    const auto catalog = store_->catalog();
    std::vector<DeadLetter> letters;
    const auto visit = [&](Transaction&, Bytes key, Bytes value) {
      if (letters.size() >= limit) return false;
      const DeadRow row = decode_dead(value);
      if (!passes(filter, row, *catalog)) return true;
      DeadLetter letter = to_dead_letter(dead_number_of(key), row, *catalog);
      if (matches(filter.type, letter.record.type)) letters.push_back(std::move(letter));
      return true;
    };
    const auto walked = walk_tree(store_->environment(), Tree::dead, dead_key(*first + 1), visit);
    if (!walked) return walked.error();
    return letters;
  }

  Result<std::optional<DeadLetter>> show(std::string_view id) override {
    const auto number = dead_number(id);
    if (!number) return std::optional<DeadLetter>{};
    const auto catalog = store_->catalog();
    ReadTransaction transaction{store_->environment()};
    const auto row = load_dead(transaction, *number);
    if (!transaction.status()) return transaction.status().error();
    if (!row) return std::optional<DeadLetter>{};
    return std::optional{to_dead_letter(*number, *row, *catalog)};
  }

  std::vector<Result<bool>> replay(std::span<const std::string> ids) override {
    return change(ids, [](Commit& commit, std::uint64_t number, const DeadRow& row) -> Result<void> {
      const auto group = reader_of(commit.transaction(), row.group, row.topic);
      if (!group) {
        return conflict(fmt::format("dead letter {} belongs to a subscription of '{}' that is gone; discard it",
                                    dead_id(number), row.group));
      }
      const std::string stored{row.stored};  // the pages move with the first change
      park(commit.transaction(), *group, row.partition,
           {.topic = row.topic,
            .origin = row.origin,
            .due = commit.now(),
            .replays = row.replays + 1,
            .stored = stored});
      commit.announce(kParkedChanged);
      return {};
    });
  }

  std::vector<Result<bool>> discard(std::span<const std::string> ids) override {
    return change(ids, [](Commit&, std::uint64_t, const DeadRow&) -> Result<void> { return {}; });
  }

 private:
  // Does something with each and erases it, in one step. As many in one transaction as its size allows.
  template <class Change>
  std::vector<Result<bool>> change(std::span<const std::string> ids, const Change& change_it) {
    std::vector<Result<bool>> changed;
    changed.reserve(ids.size());
    while (changed.size() < ids.size()) {
      const std::size_t first = changed.size();
      const auto done = store_->committer().perform([&](Commit& commit) -> Result<void> {
        std::size_t bytes = 0;
        for (std::size_t i = first; i < ids.size() && bytes < kCommitBytesMax; ++i) {
          changed.push_back(change_one(commit, ids[i], change_it, bytes));
        }
        return {};
      });
      if (!done) {
        changed.resize(first, false);
        changed.resize(ids.size(), done.error());
      }
    }
    return changed;
  }

  // False: it is not there. Adds what it takes in the transaction to `bytes`.
  template <class Change>
  static Result<bool> change_one(Commit& commit, std::string_view id, const Change& change_it, std::size_t& bytes) {
    const auto number = dead_number(id);
    const auto row = number ? load_dead(commit.transaction(), *number) : std::nullopt;
    if (!row) return false;
    bytes += row->stored.size();
    if (auto changed = change_it(commit, *number, *row); !changed) return changed.error();
    if (!flawed(Flaw::local_replay_keeps)) erase_dead(commit.transaction(), *number);
    return true;
  }

  const std::shared_ptr<Store> store_;
};

}  // namespace

std::unique_ptr<DeadLetters> make_dead_letters(std::shared_ptr<Store> store) {
  return std::make_unique<LocalDeadLetters>(std::move(store));
}

}  // namespace tidings::local
