// Events a second through the outbox: placed in transactions of 100 with one business insert each, and relayed to
// `local:` with sync=commit.
//
//   relay_bench DIRECTORY [EVENTS]
//
// Prints a JSON array of {name, value, unit, target, met}.
#include <fmt/format.h>

#include <boost/describe.hpp>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "tidings/outbox.hpp"
#include "tidings/transport/linked.hpp"

namespace {

struct OrderPlaced {
  std::string customer_id;
  std::string product_id;
  int quantity = 0;
};
BOOST_DESCRIBE_STRUCT(OrderPlaced, (), (customer_id, product_id, quantity))

}  // namespace

template <>
inline constexpr tidings::EventInfo tidings::event_info<OrderPlaced>{.type = "OrderPlaced", .topic = "orders"};

namespace {

using namespace tidings;

constexpr int kTogether = 100;
constexpr double kTarget = 20'000;

void expect(const auto& result) {
  if (result) return;
  fmt::print(stderr, "{}\n", result.error().message);
  std::exit(1);
}

double seconds_since(const Executor& executor, Time start) {
  return std::chrono::duration<double>{executor.now() - start}.count();
}

void place(Sqlite& database, Outbox& outbox, int count) {
  for (int from = 0; from < count; from += kTogether) {
    expect(database.transact([&](SqliteTransaction& transaction) -> Result<void> {
      for (int i = from; i < std::min(count, from + kTogether); ++i) {
        const std::string id = fmt::format("cdnow-{}", i);
        expect(transaction.execute("INSERT INTO orders VALUES (?)", id));
        expect(outbox.publish(transaction, OrderPlaced{"customer", "CD", i}, {.aggregate_id = id}));
      }
      return {};
    }));
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: relay_bench DIRECTORY [EVENTS]\n");
    return 2;
  }
  const std::filesystem::path directory = std::filesystem::path{argv[1]} / "relay_bench";
  const int count = argc > 2 ? std::atoi(argv[2]) : 70'000;
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  const auto executor = thread_executor();

  auto database = Sqlite::open(directory / "bench.db");
  expect(database);
  expect(database->script("CREATE TABLE orders (id TEXT PRIMARY KEY)"));
  auto outbox = Outbox::open(*database, {.publishes = {&event_type<OrderPlaced>()}});
  expect(outbox);
  const Time placing = executor->now();
  place(*database, *outbox, count);
  const double placed = count / seconds_since(*executor, placing);

  auto transport = transport::open("local:" + (directory / "events").string(), executor);
  expect(transport);
  expect((*transport)->declare({.topics = {{.name = "orders"}}}));
  auto publisher = (*transport)->publisher({});
  expect(publisher);
  const Time relaying = executor->now();
  {
    auto relay = Relay::open(*database, std::move(*publisher));
    expect(relay);
    std::stop_source stop;
    const auto thread = executor->spawn("relay", [&] { expect(relay->run(stop.get_token())); });
    while (**database->value<int>("SELECT EXISTS (SELECT 1 FROM tidings_outbox)") != 0) {
      executor->sleep_until(executor->now() + std::chrono::milliseconds{5});
    }
    stop.request_stop();
  }
  const double relayed = count / seconds_since(*executor, relaying);
  fmt::print("[\n");
  fmt::print("  {{\"name\": \"outbox, placed\", \"value\": {:.0f}, \"unit\": \"events/s\"}},\n", placed);
  fmt::print(
      "  {{\"name\": \"outbox, relayed\", \"value\": {:.0f}, \"unit\": \"events/s\", \"target\": {:.0f}, \"met\": "
      "{}}}\n",
      relayed, kTarget, relayed >= kTarget);
  fmt::print("]\n");
}
