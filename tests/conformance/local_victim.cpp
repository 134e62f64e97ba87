// A process that the suite kills on `local:`: carries out its plan, says so, and stands still.
#include <unistd.h>

#include <iostream>

#include "tests/conformance/victim_plan.hpp"
#include "transport/local/local_transport.hpp"

namespace {

using namespace tidings;

int run(const std::string& directory, const std::vector<std::string>& arguments) {
  const auto plan = conformance::plan_from(arguments);
  if (!plan) {
    std::cerr << plan.error().message << std::endl;
    return 2;
  }
  const auto executor = thread_executor();
  const auto transport = local::open_local(transport::Url{.scheme = "local", .path = directory}, executor);
  if (!transport) {
    std::cerr << transport.error().message << std::endl;
    return 1;
  }
  const auto carried = conformance::carry_out(*plan, **transport, *executor);
  if (!carried) {
    std::cerr << carried.error().message << std::endl;
    return 1;
  }
  std::cout << "carried out" << std::endl;
  for (;;) ::pause();
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments{argv + std::min(argc, 2), argv + argc};
  return run(argc > 1 ? argv[1] : "", arguments);
}
