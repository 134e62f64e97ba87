// Tells customers of paid orders, and cancels refused ones.
#include <fmt/format.h>

#include "events.hpp"
#include "handlers.hpp"
#include "tidings/sqlite.hpp"

using tidings::Context;
using tidings::Result;
using tidings::SqliteTransaction;

namespace shop {

namespace {

Result<void> set_state(Context& context, std::string_view state) {
  auto changed = context.transaction<SqliteTransaction>().execute("UPDATE orders SET state = ? WHERE order_id = ?",
                                                                  state, context.aggregate_id());
  if (!changed) return changed.error();
  if (*changed == 1) return {};
  return tidings::invalid(fmt::format("there is no order {}", context.aggregate_id()));
}

Result<void> confirm(const InventoryReserved& reserved, Context& context) {
  if (auto set = set_state(context, "confirmed"); !set) return set;
  return context.publish(SendEmail{.recipient = context.aggregate_id() + "@customers.example",
                                   .subject = fmt::format("Your {} CDs are on their way", reserved.quantity)});
}

Result<void> cancel(const PaymentFailed&, Context& context) {
  return set_state(context, "cancelled");
}

}  // namespace

void declare_order(tidings::Contract& service, const RunSettings& settings) {
  service.publishes<OrderCreated, SendEmail>();
  service.on<InventoryReserved>(confirm, settings.on());
  service.on<PaymentFailed>(cancel, settings.on());
}

}  // namespace shop
