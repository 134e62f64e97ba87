// Runs another program for a command.
#pragma once

#include <string>
#include <vector>

#include "tidings/result.hpp"

namespace tidings::cli {

struct ProgramRun {
  int code = 0;        // of its exit; of a signal 128 + its number, as shells have it
  std::string output;  // what it wrote to standard output
};

// Waits for its end. Its errors go where ours go, and it reads nothing. unavailable: it does not start.
Result<ProgramRun> run_program(const std::vector<std::string>& command);

// Where the project's scripts lie: beside the program, installed or built (a link to the sources). Empty: nowhere.
std::string scripts_folder();

}  // namespace tidings::cli
