// Reserves the CDs of paid orders.
#include "events.hpp"
#include "handlers.hpp"
#include "tidings/sqlite.hpp"

using tidings::Context;
using tidings::Result;

namespace shop {

namespace {

Result<void> reserve(const PaymentCompleted& payment, Context& context) {
  auto stored = context.transaction<tidings::SqliteTransaction>().execute("INSERT INTO reservations VALUES (?, ?)",
                                                                          context.aggregate_id(), payment.quantity);
  if (!stored) return stored.error();
  return context.publish(InventoryReserved{"reservation-" + context.aggregate_id(), payment.quantity});
}

}  // namespace

void declare_inventory(tidings::Contract& service, const RunSettings& settings) {
  service.publishes<InventoryReserved>();
  service.on<PaymentCompleted>(reserve, settings.on());
}

}  // namespace shop
