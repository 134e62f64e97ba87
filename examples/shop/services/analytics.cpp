// Counts every event, and what was earned.
#include "events.hpp"
#include "store.hpp"
#include "tables.hpp"
#include "tidings/service.hpp"

using tidings::Context;
using tidings::Result;

namespace {

Result<void> count(Context& context, tidings::Money earned) {
  auto stored = context.transaction<tidings::SqliteTransaction>().execute(
      "INSERT INTO totals VALUES (?, 1, ?) ON CONFLICT (type) DO UPDATE SET events = events + 1, "
      "cents = cents + excluded.cents",
      context.envelope().type, earned.cents);
  if (!stored) return stored.error();
  return {};
}

template <tidings::Event E>
Result<void> count_event(const E&, Context& context) {
  return count(context, {});
}

Result<void> count_payment(const shop::PaymentCompleted& payment, Context& context) {
  return count(context, payment.amount);
}

}  // namespace

int main(int argc, char** argv) {
  const auto settings = shop::read_run_settings();
  if (!settings) return shop::give_up(settings.error());
  const auto store = shop::open_store(*settings, "analytics.db", shop::kAnalyticsTables);
  if (!store) return shop::give_up(store.error());

  // Typed handlers, though it looks into one type only: what cannot be read as its type must not be counted.
  tidings::Service service{"analytics-service"};
  service.use(store->inbox);
  service.on<shop::OrderCreated>(count_event<shop::OrderCreated>, settings->on("#"));
  service.on<shop::PaymentCompleted>(count_payment, settings->on("#"));
  service.on<shop::PaymentFailed>(count_event<shop::PaymentFailed>, settings->on("#"));
  service.on<shop::InventoryReserved>(count_event<shop::InventoryReserved>, settings->on("#"));
  service.on<shop::NotificationSent>(count_event<shop::NotificationSent>, settings->on("#"));
  return service.run(argc, argv);
}
