// Uses what crosses the border of the library: templates, virtual functions, exceptions, types that are told apart at
// run time. Prints what it found; exit code 0 when all was as it should be.
#include <boost/describe.hpp>
#include <iostream>
#include <stdexcept>

#include "all_headers.hpp"

struct OrderPlaced {
  std::string customer;
  tidings::Money total;
};
BOOST_DESCRIBE_STRUCT(OrderPlaced, (), (customer, total))
template <>
inline constexpr tidings::EventInfo tidings::event_info<OrderPlaced>{.type = "OrderPlaced", .topic = "orders"};

namespace {

// The inbox's transaction is found by its type, on both sides of the border; another type is refused by an exception.
void declare(tidings::Contract& service) {
  service.on<OrderPlaced>([](const OrderPlaced& order, tidings::Context& context) -> tidings::Result<void> {
    auto& transaction = context.transaction<tidings::SqliteTransaction>();
    try {
      context.transaction<int>();
      return tidings::invalid("a transaction of int");
    } catch (const std::logic_error&) {
    }
    auto inserted = transaction.execute("INSERT INTO orders VALUES (?)", order.customer);
    if (!inserted) return inserted.error();
    return {};
  });
}

bool handles_an_order() {
  auto database = tidings::Sqlite::open("consumer.db");
  if (!database || !database->script("DROP TABLE IF EXISTS orders; CREATE TABLE orders (customer TEXT)")) return false;
  auto inbox = tidings::open_sqlite_inbox(*database);
  if (!inbox) return false;
  tidings::testing::Harness harness{declare, {.inbox = *inbox}};
  if (!harness.publish(OrderPlaced{"ada", {}}, {.aggregate_id = "o-1"}) || !harness.run_until_idle()) return false;
  for (const auto& dead : harness.dead()) std::cout << dead.error->message << '\n';
  return harness.settled().size() == 1 && harness.dead().empty();
}

}  // namespace

int main() {
  const bool handled = handles_an_order();
  std::cout << (handled ? "handled\n" : "not handled\n");
  for (const std::string& transport : tidings::transport::describe_linked()) {
    std::cout << transport.substr(0, transport.find(':')) << '\n';
  }
  return handled ? 0 : 1;
}
