// Places the orders of the data set; what it does with the events about them stands in order_handlers.cpp.
//
// An order's row and its OrderCreated are one transaction, and the rows say how far it came. So it may be killed
// anywhere: no order is lost and none is placed twice.
#include <fmt/format.h>

#include <charconv>

#include "events.hpp"
#include "handlers.hpp"
#include "orders_file.hpp"
#include "store.hpp"
#include "tables.hpp"
#include "tidings/outbox.hpp"
#include "tidings/service.hpp"

using tidings::Result;
using tidings::SqliteTransaction;

namespace {

constexpr std::size_t kOrdersInATransaction = 500;

struct Feed {
  std::string data = "examples/shop/data/cdnow_orders.csv";
  std::string orders = "69659";
};

Result<std::size_t> number_of(const std::string& text) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size()) return number;
  return tidings::invalid(fmt::format("--orders must be a number, found `{}`", text));
}

Result<void> place(const shop::Purchase& purchase, tidings::Outbox& outbox, SqliteTransaction& transaction) {
  auto stored = transaction.execute("INSERT INTO orders VALUES (?, ?, ?, ?, 'placed')", purchase.order_id,
                                    purchase.customer_id, purchase.quantity, purchase.amount.cents);
  if (!stored) return stored.error();
  const double price = static_cast<double>(purchase.amount.cents) / 100 / purchase.quantity;
  const shop::OrderCreated order{.customer_id = purchase.customer_id,
                                 .items = {{.product_id = "CD", .quantity = purchase.quantity, .price = price}},
                                 .total_amount = purchase.amount};
  return outbox.publish(transaction, order, {.aggregate_id = purchase.order_id});
}

Result<void> place_all(const std::vector<shop::Purchase>& purchases, tidings::Sqlite& database, tidings::Outbox& outbox,
                       const std::stop_token& stop) {
  auto placed = database.value<std::int64_t>("SELECT count(*) FROM orders");
  if (!placed) return placed.error();
  for (auto next = static_cast<std::size_t>(placed->value_or(0)); next < purchases.size() && !stop.stop_requested();) {
    const auto end = std::min(purchases.size(), next + kOrdersInATransaction);
    auto done = database.transact([&](SqliteTransaction& transaction) -> Result<void> {
      for (auto i = next; i < end; ++i)
        if (auto one = place(purchases[i], outbox, transaction); !one) return one;
      return {};
    });
    if (!done) return done;
    next = end;
  }
  return {};
}

Result<void> feed(const Feed& settings, const tidings::Service& service, const shop::Store& store, tidings::Bus& bus,
                  const std::stop_token& stop) {
  auto limit = number_of(settings.orders);
  if (!limit) return limit.error();
  auto purchases = shop::read_orders(settings.data, *limit);
  if (!purchases) return purchases.error();
  auto database = store.database.connect();
  if (!database) return database.error();
  const auto& capabilities = bus.transport().capabilities();
  auto outbox = tidings::Outbox::open(*database, {.publishes = service.published(),
                                                  .profile = capabilities.profile,
                                                  .record_bytes_max = capabilities.record_bytes_max});
  if (!outbox) return outbox.error();
  return place_all(*purchases, *database, *outbox, stop);
}

Result<void> send_placed(const shop::Store& store, tidings::Bus& bus, const std::stop_token& stop) {
  auto publisher = bus.transport().publisher({});
  if (!publisher) return publisher.error();
  auto relay = tidings::Relay::open(store.database, std::move(*publisher));
  if (!relay) return relay.error();
  return relay->run(stop);
}

}  // namespace

int main(int argc, char** argv) {
  const auto settings = shop::read_run_settings();
  if (!settings) return shop::give_up(settings.error());
  const auto store = shop::open_store(*settings, "order.db", shop::kOrderTables);
  if (!store) return shop::give_up(store.error());

  tidings::Service service{"order-service"};
  Feed from;
  service.setting("data", "the file of orders", from.data);
  service.setting("orders", "how many of them are placed", from.orders);
  service.use(store->inbox);
  shop::declare_order(service, *settings);
  service.background("relay", [&](tidings::Bus& bus, std::stop_token stop) { return send_placed(*store, bus, stop); });
  service.background("orders",
                     [&](tidings::Bus& bus, std::stop_token stop) { return feed(from, service, *store, bus, stop); });
  return service.run(argc, argv);
}
