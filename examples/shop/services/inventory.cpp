// Reserves the CDs of paid orders.
#include "events.hpp"
#include "store.hpp"
#include "tables.hpp"
#include "tidings/service.hpp"

using tidings::Context;
using tidings::Result;

namespace {

Result<void> reserve(const shop::PaymentCompleted& payment, Context& context) {
  auto stored = context.transaction<tidings::SqliteTransaction>().execute("INSERT INTO reservations VALUES (?, ?)",
                                                                          context.aggregate_id(), payment.quantity);
  if (!stored) return stored.error();
  return context.publish(shop::InventoryReserved{"reservation-" + context.aggregate_id(), payment.quantity});
}

}  // namespace

int main(int argc, char** argv) {
  const auto settings = shop::read_run_settings();
  if (!settings) return shop::give_up(settings.error());
  const auto store = shop::open_store(*settings, "inventory.db", shop::kInventoryTables);
  if (!store) return shop::give_up(store.error());

  tidings::Service service{"inventory-service"};
  service.use(store->inbox);
  service.publishes<shop::InventoryReserved>();
  service.on<shop::PaymentCompleted>(reserve, settings->on());
  return service.run(argc, argv);
}
