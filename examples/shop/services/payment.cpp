// Charges what was ordered. A bank that is away is asked again; one that refuses is a business outcome.
#include "bank.hpp"
#include "events.hpp"
#include "store.hpp"
#include "tables.hpp"
#include "tidings/service.hpp"

using tidings::Context;
using tidings::Result;
using tidings::SqliteTransaction;

namespace {

std::int32_t quantity_of(const shop::OrderCreated& order) {
  std::int32_t sum = 0;
  for (const auto& item : order.items) sum += item.quantity;
  return sum;
}

Result<void> charge(const shop::Bank& bank, const shop::OrderCreated& order, Context& context) {
  auto answer = bank.charge(context.aggregate_id(), order.total_amount, context.attempt());
  if (!answer) return answer.error();
  auto& transaction = context.transaction<SqliteTransaction>();
  if (const auto* refusal = std::get_if<shop::Bank::Refusal>(&*answer)) {
    auto stored = transaction.execute("INSERT INTO refusals VALUES (?, ?, ?, ?)", context.aggregate_id(),
                                      refusal->reason, order.total_amount.cents, context.attempt());
    if (!stored) return stored.error();
    return context.publish(shop::PaymentFailed{refusal->reason, order.total_amount});
  }
  const auto& payment_id = std::get<shop::Bank::Receipt>(*answer).payment_id;
  auto stored = transaction.execute("INSERT INTO payments VALUES (?, ?, ?, ?)", context.aggregate_id(), payment_id,
                                    order.total_amount.cents, context.attempt());
  if (!stored) return stored.error();
  return context.publish(shop::PaymentCompleted{payment_id, order.total_amount, quantity_of(order)});
}

}  // namespace

int main(int argc, char** argv) {
  const auto settings = shop::read_run_settings();
  if (!settings) return shop::give_up(settings.error());
  const auto store = shop::open_store(*settings, "payment.db", shop::kPaymentTables);
  if (!store) return shop::give_up(store.error());
  const shop::Bank bank{settings->seed};

  tidings::Service service{"payment-service"};
  service.use(store->inbox);
  service.publishes<shop::PaymentCompleted, shop::PaymentFailed>();
  service.on<shop::OrderCreated>(
      [&](const shop::OrderCreated& order, Context& context) { return charge(bank, order, context); }, settings->on());
  return service.run(argc, argv);
}
