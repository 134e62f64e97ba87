// Keeps a line of every event, for whoever asks later what happened.
#include "events.hpp"
#include "handlers.hpp"
#include "tidings/sqlite.hpp"

using tidings::Context;
using tidings::Result;

namespace shop {

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
void write_down_each(tidings::Contract& service, const tidings::On& options) {
  (service.on<E>([](const E&, Context& context) { return write_down(context); }, options), ...);
}

}  // namespace

void declare_audit(tidings::Contract& service, const RunSettings& settings) {
  // Typed handlers for what we know, so that what only claims to be such an event is found out; all else as it comes.
  write_down_each<OrderCreated, PaymentCompleted, PaymentFailed, InventoryReserved, NotificationSent>(service,
                                                                                                      settings.on("#"));
  service.on_any([](const tidings::AnyEvent&, Context& context) { return write_down(context); }, settings.on("#"));
}

}  // namespace shop
