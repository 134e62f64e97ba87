// Publish and subscribe inside a program with a main of its own.
#include <boost/describe.hpp>
#include <iostream>
#include <latch>
#include <string>

#include "tidings/bus.hpp"
#include "tidings/transport/linked.hpp"

using namespace std::chrono_literals;

struct TemperatureRead {
  std::string room;
  int celsius = 0;
};
BOOST_DESCRIBE_STRUCT(TemperatureRead, (), (room, celsius))
template <>
inline constexpr tidings::EventInfo tidings::event_info<TemperatureRead>{.type = "TemperatureRead",
                                                                         .topic = "temperatures"};

int fail(const tidings::Error& error) {
  std::cerr << error.message << '\n';
  return 1;
}

int main(int argc, char** argv) {
  const auto executor = tidings::thread_executor();
  auto transport = tidings::transport::open(argc > 1 ? argv[1] : "memory:", executor);
  if (!transport) return fail(transport.error());

  tidings::Bus bus{*std::move(transport), executor, {.name = "thermometer"}};
  bus.publishes<TemperatureRead>();
  std::latch unread{3};
  bus.on<TemperatureRead>(
      [&](const TemperatureRead& read) {  // those of one room in their order, rooms side by side
        std::cout << read.room + ": " + std::to_string(read.celsius) + "\n" << std::flush;
        unread.count_down();
      },
      {.concurrency = 4});
  if (auto started = bus.start(); !started) return fail(started.error());

  for (const int celsius : {19, 20, 21}) {
    auto confirmed = bus.publish(TemperatureRead{"kitchen", celsius}, {.aggregate_id = "kitchen"});
    if (!confirmed) return fail(confirmed.error());
  }
  unread.wait();
  auto stopped = bus.stop(executor->now() + 10s);  // all that was handled is settled
  return stopped ? 0 : fail(stopped.error());
}
