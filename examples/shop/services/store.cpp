#include "store.hpp"

#include <cstdio>

namespace shop {

using tidings::Result;

Result<Store> open_store(const RunSettings& settings, const std::string& file, const std::string& tables) {
  auto database = tidings::Sqlite::open(settings.path(file));
  if (!database) return database.error();
  if (auto created = database->script(tables); !created) return created.error();
  auto inbox = tidings::open_sqlite_inbox(*database);
  if (!inbox) return inbox.error();
  return Store{std::move(*database), std::move(*inbox)};
}

int give_up(const tidings::Error& error) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  return 1;
}

}  // namespace shop
