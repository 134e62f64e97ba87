// What the services of the shop stored, read back when they rest: their databases, and what the transport keeps.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tidings/money.hpp"
#include "tidings/result.hpp"
#include "tidings/transport/transport.hpp"

namespace shop {

struct OrderRow {
  std::string order_id;
  std::int64_t quantity = 0;
  tidings::Money amount;
  std::string state;  // placed, confirmed, cancelled
};

struct PaymentRow {
  std::string order_id;
  tidings::Money amount;
  int attempts = 0;  // at the bank
};

struct ReservationRow {
  std::string order_id;
  std::int64_t quantity = 0;
};

struct PublishedRow {
  std::string id;
  std::string type;
};

struct DeadRow {
  std::string dead_id;  // for `tidings dead show`
  std::string event_id;
  std::string group;
  std::string topic;
  std::string reason;
  std::string error;
};

struct Stores {
  std::vector<OrderRow> orders;                 // order.db
  std::vector<PaymentRow> payments;             // payment.db
  std::vector<PaymentRow> refusals;             // payment.db
  std::vector<ReservationRow> reservations;     // inventory.db
  std::vector<std::string> emails;              // notification.db: of which order
  std::vector<std::string> audited;             // audit.db: event ids
  std::map<std::string, std::int64_t> counted;  // analytics.db: events by type
  tidings::Money revenue;                       // analytics.db

  std::map<std::string, std::vector<std::string>, std::less<>> accepted;    // by group: ids of its inbox's marks
  std::map<std::string, std::vector<PublishedRow>, std::less<>> published;  // by topic: in order, repeats included
  std::vector<DeadRow> dead;
  std::uint64_t unsent = 0;     // events that still wait in the order service's outbox
  std::uint64_t unsettled = 0;  // over all groups, by the transport
};

// The databases' part alone.
tidings::Result<Stores> read_databases(const std::string& directory);

// Errors: as of the databases and the transport, with the file's name.
tidings::Result<Stores> read_stores(const std::string& directory, tidings::transport::Transport& transport);

}  // namespace shop
