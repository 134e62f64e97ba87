// What can be varied of a run of the demo.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "orders_file.hpp"

namespace shop {

enum class Keep { fresh, last };           // run in an emptied directory, or carry the last run on
enum class Crash { never, now_and_then };  // kill services with SIGKILL

struct DemoOptions {
  std::string directory = "build/demo";
  std::string data = "examples/shop/data/cdnow_orders.csv";
  std::string programs;  // where the services' programs are; default: beside this one
  std::size_t orders = kAllOrders;
  std::uint64_t seed = 1997;
  int concurrency = 256;
  std::string transport = "local";  // or a URL
  std::string sync = "commit";      // of local: commit, meta, none
  Keep keep = Keep::fresh;
  Crash crash = Crash::never;
  std::int64_t crash_every_ms = 1'000;
  std::string halfway;  // a command for the shell, once half of all is handled; empty: none
  bool lines = false;   // a line now and then, on a terminal too
};

// Either what was asked for, or the exit code to end with (after --help: 0; wrong usage: 2, and it was said why).
std::variant<DemoOptions, int> parse_demo_options(int argc, char** argv);

}  // namespace shop
