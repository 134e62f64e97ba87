// Runs the command line inside a test: in surroundings of the test's own, on a canned transport, with a clock that
// stands still.
#pragma once

#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "operate/canned_transport.hpp"
#include "tidings/testing/simulated_executor.hpp"
#include "tidings/transport/linked.hpp"
#include "tools/tidings/command_line.hpp"

namespace tidings::cli {

struct RunSpec {
  std::vector<std::string> arguments;
  std::string input;
  std::map<std::string, std::string> environment;
  enum class Output { pipe, terminal } output = Output::pipe;
  std::size_t columns = 80;
  std::string scripts = "/scripts";
  ProgramRun program = {};                  // what each program answers
  std::optional<Duration> stop_after = {};  // Ctrl-C, at that time of the run's own clock
};

struct RunResult {
  int code = -1;
  std::string out;
  std::string err;
  std::vector<std::string> opened;                 // URLs
  std::vector<std::vector<std::string>> programs;  // that were run
};

inline RunResult run_in_test(const RunSpec& spec, const std::shared_ptr<operate::Canned>& canned) {
  std::ostringstream out;
  std::ostringstream err;
  std::size_t at = 0;
  RunResult result;
  const auto executor = std::make_shared<tidings::testing::SimulatedExecutor>(1);
  const Time begun = executor->now();
  Surroundings surroundings{
      .out = out,
      .err = err,
      .out_is_terminal = spec.output == RunSpec::Output::terminal,
      .err_is_terminal = spec.output == RunSpec::Output::terminal,
      .columns = spec.columns,
      .read_input = [&](std::span<char> into) -> Result<std::size_t> {
        const std::size_t count = spec.input.copy(into.data(), into.size(), at);
        at += count;
        return count;
      },
      .environment = [&](const char* name) -> std::optional<std::string> {
        const auto found = spec.environment.find(name);
        return found == spec.environment.end() ? std::nullopt : std::optional{found->second};
      },
      .executor = executor,
      .open = [&](std::string_view url,
                  const std::shared_ptr<Executor>&) -> Result<std::unique_ptr<transport::Transport>> {
        result.opened.emplace_back(url);
        if (url.starts_with("wrong:")) return invalid("there is no transport `wrong:`");
        if (url.starts_with("gone:")) return unavailable("nobody answers");
        return std::unique_ptr<transport::Transport>{std::make_unique<operate::CannedTransport>(canned)};
      },
      .examine = [](std::string_view url) -> Result<transport::Place> {
        return url.starts_with("local:") || url.starts_with("memory:") ? transport::examine(url) : transport::Place{};
      },
      .linked = {"canned:[NAME][?option=value]  what a test says, in a line that is too long for one\n"
                 "    says: what; nothing is so long that it would not be shown, in as many lines as it needs"},
      .run_program = [&](const std::vector<std::string>& command) -> Result<ProgramRun> {
        result.programs.push_back(command);
        return spec.program;
      },
      .scripts = spec.scripts,
      .stop = [&] { return spec.stop_after && executor->now() - begun >= *spec.stop_after; },
  };
  result.code = run(spec.arguments, surroundings);
  result.out = out.str();
  result.err = err.str();
  return result;
}

}  // namespace tidings::cli
