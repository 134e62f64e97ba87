// A process for local_crash_test to kill at a named point (TIDINGS_FAULT). Says on standard output what it was told is
// done, the moment it knows.
//
//   crash_child DIR publish COUNT   publishes `0`, `1`, ... one after another: "confirmed N"
//   crash_child DIR handle          handles events of `orders` one by one, publishing `of-N` to `payments` with each
//                                   settlement: "settled N"
//   crash_child DIR backup TO       makes a backup: "copied BYTES", or on standard error why not
#include <iostream>
#include <string>

#include "tidings/executor.hpp"
#include "transport/local/local_transport.hpp"

namespace {

using namespace tidings;
using namespace std::chrono_literals;

transport::Record record(const std::string& topic, const std::string& id) {
  return {.topic = topic, .key = "key", .id = id, .type = "Numbered", .body = id};
}

int publish(transport::Transport& transport, Executor& executor, int count) {
  const auto publisher = transport.publisher({}).value();
  for (int i = 0; i < count; ++i) {
    publisher->send({record("orders", std::to_string(i))}, [i](std::size_t, const Result<void>& outcome) {
      std::cout << (outcome ? "confirmed " : "refused ") << i << std::endl;
    });
    if (!publisher->flush(executor.now() + 30s)) return 1;
  }
  return 0;
}

int handle(transport::Transport& transport, Executor& executor) {
  const auto consumer = transport.consumer({.group = "g", .topic = "orders"}).value();
  for (;;) {
    const auto batch = consumer->receive(1, executor.now() + 30s);
    if (!batch) return 1;
    for (const auto& delivery : batch->deliveries) {
      const std::string id{delivery.record.id};
      consumer->running()[0] = delivery.token;
      const auto settled = settle_now(
          *consumer, executor,
          {{.token = delivery.token, .outcome = transport::Accept{}, .publishes = {record("payments", "of-" + id)}}});
      consumer->running()[0] = 0;
      std::cout << (settled.at(0) ? "settled " : "refused ") << id << std::endl;
    }
  }
}

int back_up(transport::Transport& transport, const std::string& directory) {
  const auto made = transport.operations().backup->make(directory, [](std::uint64_t) { return true; });
  if (!made) {
    std::cerr << made.error().message << std::endl;
    return 1;
  }
  std::cout << "copied " << made->bytes << std::endl;
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const auto executor = thread_executor();
  const auto opened = local::open_local(transport::Url{.scheme = "local", .path = argv[1]}, executor);
  if (!opened) {
    std::cerr << opened.error().message << std::endl;
    return 1;
  }
  transport::Transport& transport = **opened;
  if (!transport.declare({.topics = {{.name = "orders"}, {.name = "payments"}}})) return 1;
  if (std::string{argv[2]} == "handle") return handle(transport, *executor);
  if (std::string{argv[2]} == "backup") return back_up(transport, argv[3]);
  return publish(transport, *executor, std::stoi(argv[3]));
}
