// The inventory service: what it does stands in inventory_handlers.cpp.
#include "handlers.hpp"
#include "store.hpp"
#include "tables.hpp"
#include "tidings/service.hpp"

int main(int argc, char** argv) {
  const auto settings = shop::read_run_settings();
  if (!settings) return shop::give_up(settings.error());
  const auto store = shop::open_store(*settings, "inventory.db", shop::kInventoryTables);
  if (!store) return shop::give_up(store.error());

  tidings::Service service{"inventory-service"};
  service.use(store->inbox);
  shop::declare_inventory(service, *settings);
  return service.run(argc, argv);
}
