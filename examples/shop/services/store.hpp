// A service's own database in the run's directory: its tables, and beside them the inbox (promise P7).
#pragma once

#include <memory>
#include <string>

#include "run_settings.hpp"
#include "tidings/inbox.hpp"
#include "tidings/result.hpp"
#include "tidings/sqlite.hpp"

namespace shop {

struct Store {
  tidings::Sqlite database;
  std::shared_ptr<tidings::Inbox> inbox;
};

// Creates file and tables where they are missing.
tidings::Result<Store> open_store(const RunSettings& settings, const std::string& file, const std::string& tables);

// A service that cannot even begin: says why, and returns the exit code.
int give_up(const tidings::Error& error);

}  // namespace shop
