// All that a run of the command line touches outside itself.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tidings/executor.hpp"
#include "tidings/transport/place.hpp"
#include "tidings/transport/transport.hpp"
#include "tools/tidings/run_program.hpp"

namespace tidings::cli {

// The streams outlive the run.
struct Surroundings {
  std::ostream& out;
  std::ostream& err;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  std::size_t columns = 80;  // of the terminal
  // The next bytes of standard input, waiting for at least one; 0: the end.
  std::function<Result<std::size_t>(std::span<char>)> read_input;
  std::function<std::optional<std::string>(const char* name)> environment;
  std::shared_ptr<Executor> executor;
  std::function<Result<std::unique_ptr<transport::Transport>>(std::string_view url, std::shared_ptr<Executor>)> open;
  std::function<Result<transport::Place>(std::string_view url)> examine;
  std::vector<std::string> linked;  // transports, a line each, for --help
  std::function<Result<ProgramRun>(const std::vector<std::string>& command)> run_program;
  std::string scripts;  // folder of the project's scripts; empty: they are not here
  // Whether somebody asked to stop (Ctrl-C).
  std::function<bool()> stop = [] { return false; };
};

}  // namespace tidings::cli
