// The business tables of the services, each set in its service's own database.
//
// Without unique keys wherever an effect must happen once: one that happens twice must show in the books, not fail.
#pragma once

namespace shop {

// Rows are progress too: orders are placed in the order of the file, so their number says which is next.
inline constexpr auto kOrderTables = R"(
  CREATE TABLE IF NOT EXISTS orders (order_id TEXT PRIMARY KEY, customer_id TEXT NOT NULL, quantity INTEGER NOT NULL,
                                     cents INTEGER NOT NULL, state TEXT NOT NULL);
)";

inline constexpr auto kPaymentTables = R"(
  CREATE TABLE IF NOT EXISTS payments (order_id TEXT NOT NULL, payment_id TEXT NOT NULL, cents INTEGER NOT NULL,
                                       attempts INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS refusals (order_id TEXT NOT NULL, reason TEXT NOT NULL, cents INTEGER NOT NULL,
                                       attempts INTEGER NOT NULL);
)";

inline constexpr auto kInventoryTables = R"(
  CREATE TABLE IF NOT EXISTS reservations (order_id TEXT NOT NULL, quantity INTEGER NOT NULL);
)";

// A row stands for an e-mail: a real one would leave by a mail server that drops a repeated Message-ID.
inline constexpr auto kNotificationTables = R"(
  CREATE TABLE IF NOT EXISTS emails (order_id TEXT NOT NULL, recipient TEXT NOT NULL, subject TEXT NOT NULL);
)";

inline constexpr auto kAnalyticsTables = R"(
  CREATE TABLE IF NOT EXISTS totals (type TEXT PRIMARY KEY, events INTEGER NOT NULL, cents INTEGER NOT NULL)
  WITHOUT ROWID;
)";

inline constexpr auto kAuditTables = R"(
  CREATE TABLE IF NOT EXISTS log (event_id TEXT NOT NULL, type TEXT NOT NULL, aggregate_id TEXT NOT NULL,
                                  correlation_id TEXT NOT NULL, microseconds INTEGER NOT NULL);
)";

}  // namespace shop
