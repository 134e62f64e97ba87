// The books of a run: what must have come of the orders, beside what the services stored.
//
// Pure. Everything is counted by id, each once; what came twice is listed apart.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bank.hpp"
#include "malformed.hpp"
#include "orders_file.hpp"
#include "stores.hpp"

namespace shop {

// What the whole data set must give (demand A6).
inline constexpr std::size_t kOrdersOfDataSet = 69'659;

struct BookEntry {
  std::string what;
  std::string expected;
  std::string found;

  bool balances() const { return expected == found; }
};

// Of one group: published = accepted + skipped + dead, in distinct events.
struct GroupAccount {
  std::string group;
  std::int64_t published = 0;  // to the topics that it reads
  std::int64_t accepted = 0;   // marks in its inbox
  std::int64_t skipped = 0;    // of a type that it does not handle
  std::int64_t dead = 0;
  std::int64_t repeats = 0;  // copies of events that were published before, after a crash; no fault
  std::int64_t faults = 0;   // events without an outcome, with two, or never published

  bool balances() const { return faults == 0 && published == accepted + skipped + dead; }
};

struct Books {
  std::vector<BookEntry> entries;
  std::vector<GroupAccount> groups;

  bool balance() const;
};

Books make_books(std::span<const Purchase> purchases, const Bank& bank, std::span<const Malformed> malformed,
                 const Stores& stores);

// For people, at most kViewWidth wide.
std::vector<std::string> render(const Books& books);
// The dead letters, by event; `show` is the command that shows one, without its id.
std::vector<std::string> render_dead(std::span<const DeadRow> dead, std::span<const Malformed> malformed,
                                     std::string_view show);

}  // namespace shop
