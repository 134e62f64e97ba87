// Counts every event, and what was earned.
#include "events.hpp"
#include "handlers.hpp"
#include "tidings/sqlite.hpp"

using tidings::Context;
using tidings::Result;

namespace shop {

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

Result<void> count_payment(const PaymentCompleted& payment, Context& context) {
  return count(context, payment.amount);
}

}  // namespace

void declare_analytics(tidings::Contract& service, const RunSettings& settings) {
  // Typed handlers, though it looks into one type only: what cannot be read as its type must not be counted.
  service.on<OrderCreated>(count_event<OrderCreated>, settings.on("#"));
  service.on<PaymentCompleted>(count_payment, settings.on("#"));
  service.on<PaymentFailed>(count_event<PaymentFailed>, settings.on("#"));
  service.on<InventoryReserved>(count_event<InventoryReserved>, settings.on("#"));
  service.on<NotificationSent>(count_event<NotificationSent>, settings.on("#"));
}

}  // namespace shop
