// The payment service: what it does stands in payment_handlers.cpp.
#include "handlers.hpp"
#include "store.hpp"
#include "tables.hpp"
#include "tidings/service.hpp"

int main(int argc, char** argv) {
  const auto settings = shop::read_run_settings();
  if (!settings) return shop::give_up(settings.error());
  const auto store = shop::open_store(*settings, "payment.db", shop::kPaymentTables);
  if (!store) return shop::give_up(store.error());
  const shop::Bank bank{settings->seed};

  tidings::Service service{"payment-service"};
  service.use(store->inbox);
  shop::declare_payment(service, *settings, bank);
  return service.run(argc, argv);
}
