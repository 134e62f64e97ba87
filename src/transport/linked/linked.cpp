#include "tidings/transport/linked.hpp"

#include <fmt/format.h>

#include <array>

#include "tidings/transport/url.hpp"
#include "transport/local/local_transport.hpp"
#include "transport/memory/memory_transport.hpp"

namespace tidings::transport {

namespace {

using Opened = Result<std::unique_ptr<Transport>>;

struct Driver {
  std::string_view scheme;
  Opened (*open)(const Url&, std::shared_ptr<Executor>);
  std::string (*describe)();
};

constexpr std::array kDrivers{
    Driver{"local", local::open_local, local::describe_local},
    Driver{"memory", memory::open_memory, memory::describe_memory},
};

}  // namespace

Opened open(std::string_view url, std::shared_ptr<Executor> executor) {
  const auto parsed = parse_url(url);
  if (!parsed) return parsed.error();
  for (const Driver& driver : kDrivers) {
    if (driver.scheme == parsed->scheme) return driver.open(*parsed, std::move(executor));
  }
  std::string message = fmt::format("there is no transport '{}:' here; linked in are:", parsed->scheme);
  for (const std::string& line : describe_linked()) message += "\n  " + line;
  return invalid(std::move(message));
}

std::vector<std::string> describe_linked() {
  std::vector<std::string> lines;
  for (const Driver& driver : kDrivers) lines.push_back(driver.describe());
  return lines;
}

}  // namespace tidings::transport
