// Charges what was ordered. A bank that is away is asked again; one that refuses is a business outcome.
#include "events.hpp"
#include "handlers.hpp"
#include "tidings/sqlite.hpp"

using tidings::Context;
using tidings::Result;
using tidings::SqliteTransaction;

namespace shop {

namespace {

std::int32_t quantity_of(const OrderCreated& order) {
  std::int32_t sum = 0;
  for (const auto& item : order.items) sum += item.quantity;
  return sum;
}

Result<void> charge(const Bank& bank, const OrderCreated& order, Context& context) {
  auto answer = bank.charge(context.aggregate_id(), order.total_amount, context.attempt());
  if (!answer) return answer.error();
  auto& transaction = context.transaction<SqliteTransaction>();
  if (const auto* refusal = std::get_if<Bank::Refusal>(&*answer)) {
    auto stored = transaction.execute("INSERT INTO refusals VALUES (?, ?, ?, ?)", context.aggregate_id(),
                                      refusal->reason, order.total_amount.cents, context.attempt());
    if (!stored) return stored.error();
    return context.publish(PaymentFailed{refusal->reason, order.total_amount});
  }
  const auto& payment_id = std::get<Bank::Receipt>(*answer).payment_id;
  auto stored = transaction.execute("INSERT INTO payments VALUES (?, ?, ?, ?)", context.aggregate_id(), payment_id,
                                    order.total_amount.cents, context.attempt());
  if (!stored) return stored.error();
  return context.publish(PaymentCompleted{payment_id, order.total_amount, quantity_of(order)});
}

}  // namespace

void declare_payment(tidings::Contract& service, const RunSettings& settings, const Bank& bank) {
  service.publishes<PaymentCompleted, PaymentFailed>();
  service.on<OrderCreated>(
      [&bank](const OrderCreated& order, Context& context) { return charge(bank, order, context); }, settings.on());
}

}  // namespace shop
