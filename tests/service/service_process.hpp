// A real process of tests/service/sample_service.cpp: how it is started, and what it logs.
#pragma once

#include <gmock/gmock.h>
#include <simdjson.h>

#include <fstream>
#include <sstream>

#include "tests/support/child_process.hpp"
#include "tests/support/scratch_directory.hpp"

namespace tidings::testing {

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream{text};
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

inline std::string text_of(const std::filesystem::path& file) {
  std::stringstream text;
  text << std::ifstream{file}.rdbuf();
  return text.str();
}

class ServiceProcess : public ::testing::Test {
 protected:
  ChildSpec spec(std::vector<std::string> arguments) const {
    return {.program = TIDINGS_SAMPLE_SERVICE, .arguments = std::move(arguments), .directory = scratch_.path()};
  }
  // On a bus of its own; memory: ends with the process.
  ChildSpec service(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"--transport", "memory:"});
    return spec(std::move(arguments));
  }
  Ran run(std::vector<std::string> arguments) const { return run_program(spec(std::move(arguments))); }
  std::string golden(const std::string& name) const {
    return text_of(std::filesystem::path{TIDINGS_GOLDEN_DIR} / "service" / name);
  }
  // The first log line with that message, once it is there.
  static std::string log_line(ChildProcess& child, const std::string& message) {
    const std::string mark = "\"message\":\"" + message + "\"";
    EXPECT_TRUE(child.wait_for_error_output(mark)) << mark << " is not in\n" << child.error_output();
    for (const std::string& line : lines_of(child.error_output())) {
      if (line.find(mark) != std::string::npos) return line;
    }
    return {};
  }
  static std::string member(const std::string& line, std::string_view name) {
    simdjson::dom::parser parser;
    simdjson::dom::element value;
    if (parser.parse(line).at_key(name).get(value) != simdjson::SUCCESS) return "(none)";
    return simdjson::minify(value);
  }

  ScratchDirectory scratch_;
};

}  // namespace tidings::testing
