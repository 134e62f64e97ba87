#include "transport/local/store_registry.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <mutex>

namespace tidings::local {

namespace {

struct Registry {
  std::mutex mutex;
  std::map<std::filesystem::path, std::weak_ptr<Store>> stores;
};

Registry& registry() {
  static Registry instance;
  return instance;
}

// One name for one directory, however it was written.
std::filesystem::path name_of(const std::string& directory) {
  std::error_code fault;
  auto path = std::filesystem::weakly_canonical(directory, fault);
  if (fault) path = directory;
  return path.has_filename() ? path : path.parent_path();
}

}  // namespace

Result<std::shared_ptr<Store>> shared_store(const Options& options, std::shared_ptr<Executor> executor) {
  Options named = options;
  named.directory = name_of(options.directory);
  Registry& known = registry();
  const std::lock_guard lock{known.mutex};
  auto& entry = known.stores[named.directory];
  if (auto open = entry.lock()) {
    if (open->options() == named) return open;
    return invalid(fmt::format("'{}' is open in this process with other options; use the same ones", named.directory));
  }
  auto opened = Store::open(named, std::move(executor));
  if (!opened) return opened.error();
  entry = *opened;
  return opened;
}

}  // namespace tidings::local
