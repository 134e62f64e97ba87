#include "tidings/transport/linked.hpp"

#include <fmt/format.h>

#include <array>

#include "tidings/transport/url.hpp"
#ifdef TIDINGS_WITH_KAFKA
#include "transport/kafka/client/kafka_options.hpp"
#include "transport/kafka/kafka_transport.hpp"
#endif
#include "transport/local/local_transport.hpp"
#include "transport/local/storage/store_place.hpp"
#include "transport/memory/memory_transport.hpp"
#ifdef TIDINGS_WITH_RABBITMQ
#include "transport/rabbitmq/link/amqp_options.hpp"
#include "transport/rabbitmq/rabbitmq_transport.hpp"
#endif

namespace tidings::transport {

namespace {

using Opened = Result<std::unique_ptr<Transport>>;

struct Driver {
  std::string_view scheme;
  std::string_view secure_scheme;  // the same by TLS, where the scheme says it; or empty
  Opened (*open)(const Url&, std::shared_ptr<Executor>);
  Result<Place> (*examine)(const Url&);
  std::string (*describe)();
};

// Of what is gone with its process there is nothing else to know.
Result<Place> examine_process(const Url&) {
  return Place{.reach = Reach::process};
}

constexpr std::array kDrivers{
#ifdef TIDINGS_WITH_RABBITMQ
    Driver{"amqp", "amqps", rabbitmq::open_rabbitmq, rabbitmq::examine_rabbitmq, rabbitmq::describe_rabbitmq},
#endif
#ifdef TIDINGS_WITH_KAFKA
    Driver{"kafka", "", kafka::open_kafka, kafka::examine_kafka, kafka::describe_kafka},
#endif
    Driver{"local", "", local::open_local, local::examine_local, local::describe_local},
    Driver{"memory", "", memory::open_memory, examine_process, memory::describe_memory},
};

// The driver of the URL's scheme. invalid: none is linked in.
Result<const Driver*> driver_of(const Url& url) {
  for (const Driver& driver : kDrivers) {
    if (url.scheme == driver.scheme || (!url.scheme.empty() && url.scheme == driver.secure_scheme)) return &driver;
  }
  std::string message = fmt::format("there is no transport '{}:' here; linked in are:", url.scheme);
  for (const std::string& line : describe_linked()) message += "\n  " + line;
  return invalid(std::move(message));
}

}  // namespace

Opened open(std::string_view url, std::shared_ptr<Executor> executor) {
  const auto parsed = parse_url(url);
  if (!parsed) return parsed.error();
  const auto driver = driver_of(*parsed);
  if (!driver) return driver.error();
  return (*driver)->open(*parsed, std::move(executor));
}

Result<Place> examine(std::string_view url) {
  const auto parsed = parse_url(url);
  if (!parsed) return parsed.error();
  const auto driver = driver_of(*parsed);
  if (!driver) return driver.error();
  return (*driver)->examine(*parsed);
}

std::vector<std::string> describe_linked() {
  std::vector<std::string> lines;
  for (const Driver& driver : kDrivers) lines.push_back(driver.describe());
  return lines;
}

}  // namespace tidings::transport
