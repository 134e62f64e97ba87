// Keeps a line of every event, for whoever asks later what happened.
#include "events.hpp"
#include "store.hpp"
#include "tables.hpp"
#include "tidings/service.hpp"

using tidings::Context;
using tidings::Result;

namespace {

Result<void> write_down(Context& context) {
  const auto& envelope = context.envelope();
  auto stored = context.transaction<tidings::SqliteTransaction>().execute(
      "INSERT INTO log VALUES (?, ?, ?, ?, ?)", envelope.id, envelope.type, envelope.aggregate_id,
      envelope.correlation_id, envelope.time.time_since_epoch().count());
  if (!stored) return stored.error();
  return {};
}

template <tidings::Event... E>
void write_down_each(tidings::Service& service, const tidings::On& options) {
  (service.on<E>([](const E&, Context& context) { return write_down(context); }, options), ...);
}

}  // namespace

int main(int argc, char** argv) {
  const auto settings = shop::read_run_settings();
  if (!settings) return shop::give_up(settings.error());
  const auto store = shop::open_store(*settings, "audit.db", shop::kAuditTables);
  if (!store) return shop::give_up(store.error());

  tidings::Service service{"audit-service"};
  service.use(store->inbox);
  // Typed handlers for what we know, so that what only claims to be such an event is found out; all else as it comes.
  write_down_each<shop::OrderCreated, shop::PaymentCompleted, shop::PaymentFailed, shop::InventoryReserved,
                  shop::NotificationSent>(service, settings->on("#"));
  service.on_any([](const tidings::AnyEvent&, Context& context) { return write_down(context); }, settings->on("#"));
  return service.run(argc, argv);
}
