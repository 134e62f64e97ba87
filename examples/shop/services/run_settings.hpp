// What every service of the shop is told by the demo, before it reads its own flags: the environment.
#pragma once

#include <cstdint>
#include <string>

#include "tidings/handler.hpp"
#include "tidings/result.hpp"

namespace shop {

struct RunSettings {
  std::string directory = ".";  // SHOP_DIR: where the services keep their databases
  std::uint64_t seed = 1997;    // SHOP_SEED: of the bank's moods
  int concurrency = 256;        // SHOP_CONCURRENCY: lanes that a service runs at once

  std::string path(const std::string& file) const { return directory + "/" + file; }
  // How the shop subscribes: quick retries, since nobody waits for minutes in a demo.
  tidings::On on(std::string pattern = {}) const;
};

// invalid: a variable that is no number, by its name.
tidings::Result<RunSettings> read_run_settings();

}  // namespace shop
