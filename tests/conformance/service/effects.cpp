#include "tests/conformance/service/effects.hpp"

#include <stdexcept>

#include "tests/conformance/service/worker_plan.hpp"
#include "tidings/sqlite.hpp"

namespace tidings::conformance {

std::vector<std::string> effects_in(const std::filesystem::path& directory, const std::shared_ptr<Executor>& executor) {
  auto database = Sqlite::open(database_in(directory), {}, executor);
  if (!database) throw std::runtime_error{database.error().message};
  std::vector<std::string> ids;
  const auto read = database->query([&](const SqliteRow& row) { ids.emplace_back(row.text(0)); },
                                    "SELECT id FROM effects ORDER BY id");
  if (!read) throw std::runtime_error{read.error().message};
  return ids;
}

}  // namespace tidings::conformance
