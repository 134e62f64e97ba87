#include "tests/support/server_script.hpp"

#include <chrono>
#include <fstream>
#include <stdexcept>
#include <utility>

#include "tests/support/child_process.hpp"

namespace tidings::testing {

namespace {

constexpr std::chrono::minutes kScriptWithin{3};

}  // namespace

std::string first_line(const std::filesystem::path& file) {
  std::ifstream in{file};
  std::string line;
  std::getline(in, line);
  return line;
}

std::string run_script(const std::string& script, std::vector<std::string> arguments) {
  ChildProcess run{{.program = script, .arguments = std::move(arguments)}};
  if (run.wait(kScriptWithin) != ChildExit{.code = 0}) throw std::runtime_error{run.error_output()};
  return run.output();
}

}  // namespace tidings::testing
