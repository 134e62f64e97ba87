#include "books.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "groups.hpp"
#include "text.hpp"
#include "view.hpp"

namespace shop {

using tidings::Money;

namespace {

using Ids = std::unordered_set<std::string_view>;

// What the data set's own totals are (examples/shop/data/README.md).
constexpr std::string_view kDataSetTotals = "69,659 orders, 167,881 CDs, $2,500,315.63, 80 free";

struct Totals {
  std::int64_t orders = 0;
  std::int64_t cds = 0;
  Money amount;
  std::int64_t free = 0;
  std::int64_t cds_paid = 0;
  std::int64_t bank_failures = 0;

  std::int64_t paid() const { return orders - free; }
  std::int64_t events() const { return orders + paid() + free + paid() + paid(); }  // in the order of the flow
};

Totals totals_of(std::span<const Purchase> purchases, const Bank& bank) {
  Totals totals;
  for (const auto& purchase : purchases) {
    const bool is_free = purchase.amount.cents == 0;
    ++totals.orders;
    totals.cds += purchase.quantity;
    totals.amount += purchase.amount;
    totals.free += is_free ? 1 : 0;
    totals.cds_paid += is_free ? 0 : purchase.quantity;
    totals.bank_failures += bank.failures(purchase.order_id);
  }
  return totals;
}

// How many of the purchases that `wanted` chooses have exactly one row, and that as it should be; rows beyond that are
// told as well.
template <class Row, class Id, class Wanted, class Right>
std::string once(std::span<const Purchase> purchases, const std::vector<Row>& rows, Id id, Wanted wanted, Right right) {
  std::unordered_multimap<std::string_view, const Row*> by_order;
  by_order.reserve(rows.size());
  for (const auto& row : rows) by_order.emplace(id(row), &row);
  std::int64_t good = 0;
  for (const auto& purchase : purchases) {
    if (!wanted(purchase)) continue;
    const auto [first, last] = by_order.equal_range(purchase.order_id);
    if (first != last && std::next(first) == last && right(*first->second, purchase)) ++good;
  }
  const auto others = static_cast<std::int64_t>(rows.size()) - good;
  return others == 0 ? grouped(good) : fmt::format("{} and {} wrong", grouped(good), grouped(others));
}

bool any(const Purchase&) {
  return true;
}
bool is_paid(const Purchase& purchase) {
  return purchase.amount.cents != 0;
}
bool is_refused(const Purchase& purchase) {
  return purchase.amount.cents == 0;
}

std::int64_t in_state(const std::vector<OrderRow>& orders, std::string_view state) {
  return std::ranges::count(orders, state, &OrderRow::state);
}

template <class Row>
const std::string& order_of(const Row& row) {
  return row.order_id;
}

void enter_orders(Books& books, const Totals& totals, std::span<const Purchase> purchases, const Stores& stores) {
  std::int64_t cds = 0;
  for (const auto& order : stores.orders) cds += order.quantity;
  const auto as_bought = [](const OrderRow& row, const Purchase& purchase) {
    return row.quantity == purchase.quantity && row.amount == purchase.amount;
  };
  books.entries.push_back({"orders placed, each once", grouped(totals.orders),
                           once(purchases, stores.orders, order_of<OrderRow>, any, as_bought)});
  books.entries.push_back({"orders paid", grouped(totals.paid()), grouped(in_state(stores.orders, "confirmed"))});
  books.entries.push_back({"orders refused", grouped(totals.free), grouped(in_state(stores.orders, "cancelled"))});
  books.entries.push_back({"CDs ordered", grouped(totals.cds), grouped(cds)});
}

void enter_payments(Books& books, const Totals& totals, std::span<const Purchase> purchases, const Stores& stores) {
  Money charged;
  std::int64_t failures = 0;
  for (const auto& row : stores.payments) charged += row.amount;
  for (const auto* rows : {&stores.payments, &stores.refusals})
    for (const auto& row : *rows) failures += row.attempts - 1;
  const auto right_amount = [](const PaymentRow& row, const Purchase& purchase) {
    return row.amount == purchase.amount;
  };
  books.entries.push_back({"charged", dollars(totals.amount), dollars(charged)});
  books.entries.push_back({"paid orders charged once", grouped(totals.paid()),
                           once(purchases, stores.payments, order_of<PaymentRow>, is_paid, right_amount)});
  books.entries.push_back({"refused orders refused once", grouped(totals.free),
                           once(purchases, stores.refusals, order_of<PaymentRow>, is_refused, right_amount)});
  books.entries.push_back({"calls repeated as the bank was away", grouped(totals.bank_failures), grouped(failures)});
}

void enter_the_rest(Books& books, const Totals& totals, std::span<const Purchase> purchases, const Stores& stores) {
  std::int64_t cds = 0;
  for (const auto& row : stores.reservations) cds += row.quantity;
  books.entries.push_back(
      {"paid orders reserved once", grouped(totals.paid()),
       once(purchases, stores.reservations, order_of<ReservationRow>, is_paid,
            [](const ReservationRow& row, const Purchase& purchase) { return row.quantity == purchase.quantity; })});
  books.entries.push_back({"CDs reserved", grouped(totals.cds_paid), grouped(cds)});
  books.entries.push_back({"paid orders notified once", grouped(totals.paid()),
                           once(
                               purchases, stores.emails, [](const std::string& id) -> const std::string& { return id; },
                               is_paid, [](const std::string&, const Purchase&) { return true; })});
  std::int64_t counted = 0;
  for (const auto& [type, events] : stores.counted) counted += events;
  books.entries.push_back({"events that analytics counted", grouped(totals.events()), grouped(counted)});
  books.entries.push_back({"revenue by analytics", dollars(totals.amount), dollars(stores.revenue)});
}

Ids ids_of(std::span<const Malformed> malformed) {
  Ids ids;
  for (const auto& event : malformed) ids.insert(event.record.id);
  return ids;
}

// Every valid event that was published to an event topic is in the audit's log exactly once, and nothing else is.
void enter_audit(Books& books, const Totals& totals, const Ids& malformed, const Stores& stores) {
  std::unordered_map<std::string_view, std::int64_t> seen;
  seen.reserve(stores.audited.size());
  for (const auto& id : stores.audited) ++seen[id];
  Ids valid;
  for (const auto topic : kEventTopics) {
    const auto rows = stores.published.find(topic);
    if (rows == stores.published.end()) continue;
    for (const auto& row : rows->second)
      if (!malformed.contains(row.id)) valid.insert(row.id);
  }
  const auto once = std::ranges::count_if(valid, [&](std::string_view id) {
    const auto found = seen.find(id);
    return found != seen.end() && found->second == 1;
  });
  const auto others = static_cast<std::int64_t>(stores.audited.size()) - once;
  books.entries.push_back(
      {"valid events that audit saw once", grouped(totals.events()),
       others == 0 ? grouped(once) : fmt::format("{} and {} wrong", grouped(once), grouped(others))});
}

void enter_dead(Books& books, std::span<const Malformed> malformed, const Stores& stores) {
  std::int64_t expected = 0, found = 0;
  const Ids ids = ids_of(malformed);
  for (const auto& service : kServices)
    for (const auto& event : malformed) {
      if (!service.reads(event.record.topic)) continue;
      ++expected;
      const auto copies = std::ranges::count_if(stores.dead, [&](const DeadRow& row) {
        return row.group == service.group && row.event_id == event.record.id;
      });
      found += copies == 1 ? 1 : 0;
    }
  const auto innocent =
      std::ranges::count_if(stores.dead, [&](const DeadRow& row) { return !ids.contains(row.event_id); });
  books.entries.push_back(
      {"malformed events", grouped(kMalformedCount), grouped(static_cast<std::int64_t>(ids.size()))});
  books.entries.push_back({"dead once in each group that reads them", grouped(expected), grouped(found)});
  books.entries.push_back(
      {"dead letters in all", grouped(expected), grouped(static_cast<std::int64_t>(stores.dead.size()))});
  books.entries.push_back({"innocent events among them", "0", grouped(innocent)});
}

// What became of one event in one group.
struct Outcome {
  bool handled = false;  // its type is for the group
  std::int64_t accepted = 0;
  std::int64_t dead = 0;
};

// No trace is kept of what is skipped. So an event counts as skipped when the group has no handler for its type, and
// the transport has nothing unsettled: then it was settled without a handler. One that a handler exists for must have
// left its mark, or be a dead letter.
void settle(GroupAccount& account, const Outcome& outcome) {
  ++account.published;
  if (outcome.accepted + outcome.dead > 1 || (outcome.accepted > 0 && !outcome.handled)) {
    ++account.faults;
  } else if (outcome.accepted == 1) {
    ++account.accepted;
  } else if (outcome.dead == 1) {
    ++account.dead;
  } else if (!outcome.handled) {
    ++account.skipped;
  } else {
    ++account.faults;
  }
}

GroupAccount account_of(const ServiceEntry& service, const Stores& stores) {
  GroupAccount account{.group = std::string{service.group}};
  std::unordered_map<std::string_view, Outcome> outcomes;
  for (const auto topic : service.topics) {
    const auto rows = stores.published.find(topic);
    if (rows == stores.published.end()) continue;
    outcomes.reserve(outcomes.size() + rows->second.size());
    for (const auto& row : rows->second) {
      const bool is_new = outcomes.try_emplace(row.id, Outcome{.handled = service.handles(row.type)}).second;
      account.repeats += is_new ? 0 : 1;
    }
  }
  const auto count = [&](const std::string& id, std::int64_t Outcome::*how) {
    const auto found = outcomes.find(id);
    if (found == outcomes.end())
      ++account.faults;  // it was never published
    else
      ++(found->second.*how);
  };
  if (const auto marks = stores.accepted.find(service.group); marks != stores.accepted.end())
    for (const auto& id : marks->second) count(id, &Outcome::accepted);
  for (const auto& row : stores.dead)
    if (row.group == service.group) count(row.event_id, &Outcome::dead);
  for (const auto& [id, outcome] : outcomes) settle(account, outcome);
  return account;
}

}  // namespace

bool Books::balance() const {
  return std::ranges::all_of(entries, &BookEntry::balances) && std::ranges::all_of(groups, &GroupAccount::balances);
}

Books make_books(std::span<const Purchase> purchases, const Bank& bank, std::span<const Malformed> malformed,
                 const Stores& stores) {
  Books books;
  const auto totals = totals_of(purchases, bank);
  if (purchases.size() == kOrdersOfDataSet)
    books.entries.push_back({"the data set", std::string{kDataSetTotals},
                             fmt::format("{} orders, {} CDs, {}, {} free", grouped(totals.orders), grouped(totals.cds),
                                         dollars(totals.amount), grouped(totals.free))});
  enter_orders(books, totals, purchases, stores);
  enter_payments(books, totals, purchases, stores);
  enter_the_rest(books, totals, purchases, stores);
  enter_audit(books, totals, ids_of(malformed), stores);
  enter_dead(books, malformed, stores);
  books.entries.push_back({"events that wait in the outbox", "0", grouped(static_cast<std::int64_t>(stores.unsent))});
  books.entries.push_back({"events that are not settled", "0", grouped(static_cast<std::int64_t>(stores.unsettled))});
  for (const auto& service : kServices) books.groups.push_back(account_of(service, stores));
  return books;
}

namespace {

constexpr std::string_view verdict(bool balances) {
  return balances ? "" : "  DIFFERS";
}

}  // namespace

std::vector<std::string> render(const Books& books) {
  std::vector<std::string> lines;
  lines.push_back(fmt::format("{:<41}{:>14}{:>16}", "The books", "expected", "found"));
  for (const auto& entry : books.entries) {
    if (entry.expected.size() > 14) {
      // Too long for the columns: the data set's own line.
      lines.push_back(fmt::format("{:<14}{}{}", entry.what, entry.expected, verdict(entry.balances())));
      if (!entry.balances()) lines.push_back(fmt::format("{:<14}{}", "  but found", entry.found));
      continue;
    }
    lines.push_back(
        fmt::format("{:<41}{:>14}{:>16}{}", entry.what, entry.expected, entry.found, verdict(entry.balances())));
  }
  lines.emplace_back();
  lines.push_back(fmt::format("{:<21}{:>10}{:>10}{:>10}{:>7}{:>9}", "events, by group", "published", "accepted",
                              "skipped", "dead", "repeats"));
  for (const auto& group : books.groups)
    lines.push_back(fmt::format("{:<21}{:>10}{:>10}{:>10}{:>7}{:>9}{}", group.group, grouped(group.published),
                                grouped(group.accepted), grouped(group.skipped), grouped(group.dead),
                                grouped(group.repeats),
                                group.balances() ? "" : fmt::format("  {} WRONG", grouped(group.faults))));
  lines.emplace_back();
  lines.emplace_back(books.balance() ? "The books balance." : "The books do NOT balance.");
  return lines;
}

std::vector<std::string> render_dead(std::span<const DeadRow> dead, std::span<const Malformed> malformed,
                                     std::string_view show) {
  std::vector<std::string> lines;
  const auto list = [&](std::string_view id) {
    for (const auto& row : dead)
      if (row.event_id == id) lines.push_back(fmt::format("  {:<21}{}  {}", row.group, row.dead_id, row.reason));
  };
  lines.push_back(fmt::format("{} dead letters:", grouped(static_cast<std::int64_t>(dead.size()))));
  const Ids known = ids_of(malformed);
  for (const auto& event : malformed) {
    lines.push_back(fitted(fmt::format("{} on {}: {}", event.record.id, event.record.topic, event.fault), kViewWidth));
    list(event.record.id);
  }
  Ids others;
  for (const auto& row : dead) {
    if (known.contains(row.event_id) || !others.insert(row.event_id).second) continue;
    lines.push_back(fitted(fmt::format("{} on {}: {}", row.event_id, row.topic, row.error), kViewWidth));
    list(row.event_id);
  }
  if (!dead.empty()) lines.push_back(fmt::format("Show one: {} {}", show, dead.front().dead_id));
  return lines;
}

}  // namespace shop
