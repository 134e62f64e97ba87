#include "transport/local/operate/group_removal.hpp"

#include <fmt/format.h>

#include <vector>

#include "transport/local/tables/dead_table.hpp"
#include "transport/local/tables/member_table.hpp"
#include "transport/local/tables/subscriptions.hpp"

namespace tidings::local {

namespace {

constexpr std::size_t kRowsAtOnce = 5'000;

// Erases up to kRowsAtOnce rows; returns whether there are more.
bool erase_some(WriteTransaction& transaction, Tree tree, Bytes prefix) {
  std::vector<std::string> keys;
  for_each_with_prefix(transaction, tree, prefix, [&](Bytes key, Bytes) {
    keys.emplace_back(key);
    return keys.size() < kRowsAtOnce;
  });
  for (const std::string& key : keys) transaction.erase(tree, key);
  return keys.size() == kRowsAtOnce;
}

// Likewise of the group's dead letters, from `after` on.
bool erase_some_dead(WriteTransaction& transaction, std::string_view group, std::uint64_t& after) {
  std::vector<std::uint64_t> numbers;
  std::size_t looked_at = 0;
  for_each_dead(transaction, after, [&](std::uint64_t number, const DeadRow& row) {
    if (row.group == group) numbers.push_back(number);
    after = number;
    return ++looked_at < kRowsAtOnce;
  });
  for (const std::uint64_t number : numbers) erase_dead(transaction, number);
  return looked_at == kRowsAtOnce;
}

class Removal final {
 public:
  explicit Removal(std::string_view group) : group_{group} {}

  // One bounded step; afterwards more() tells whether another one is needed.
  Result<void> step(Commit& commit) {
    WriteTransaction& transaction = commit.transaction();
    std::vector<SubscriptionRow> rows;
    for (SubscriptionRow& row : all_subscriptions(transaction)) {
      if (shown_group(row) == group_) rows.push_back(std::move(row));
    }
    if (rows.empty()) return invalid(fmt::format("there is no group '{}'; `tidings groups` lists them", group_));
    for (const SubscriptionRow& row : rows) {
      const std::size_t members = members_of(transaction, row.id).size();
      if (members == 0) continue;
      return conflict(fmt::format("group '{}' has {} live members; stop them first", group_, members));
    }
    more_ = erase_some_dead(transaction, group_, dead_after_);
    for (const SubscriptionRow& row : rows) {
      for (const Tree tree : {Tree::attempts, Tree::parked, Tree::parked_due}) {
        more_ = more_ || erase_some(transaction, tree, TreeKey{}.u32(row.group));
      }
    }
    if (more_) return {};
    // The rest is small, and with it the group is gone.
    for (const SubscriptionRow& row : rows) erase_subscription(transaction, row);
    return {};
  }

  bool more() const { return more_; }

 private:
  const std::string group_;
  std::uint64_t dead_after_ = 0;
  bool more_ = true;
};

}  // namespace

Result<void> remove_group(Store& store, std::string_view group) {
  Removal removal{group};
  while (removal.more()) {
    if (auto done = store.committer().perform([&](Commit& commit) { return removal.step(commit); }); !done) return done;
  }
  return {};
}

}  // namespace tidings::local
