#include "transport/local/store/store_registry.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <mutex>

#include "transport/local/storage/limits.hpp"

namespace tidings::local {

namespace {

struct Slot {
  std::mutex mutex;  // held while the store is opened: by those who want the same one
  std::weak_ptr<Store> store;
  std::weak_ptr<Environment> environment;
};

// A slot stays where it is, for as long as the process lives: so many as it ever named directories.
struct Registry {
  std::mutex mutex;  // of the map alone, so that nobody waits for a store that is not his
  std::map<std::filesystem::path, Slot> slots;
};

constexpr Duration kLookAgain = std::chrono::milliseconds{5};

Registry& registry() {
  static Registry instance;
  return instance;
}

Slot& slot_of(const std::filesystem::path& directory) {
  Registry& known = registry();
  const std::lock_guard lock{known.mutex};
  return known.slots[directory];
}

// One name for one directory, however it was written.
std::filesystem::path name_of(const std::string& directory) {
  std::error_code fault;
  // Absolute first: a name of nothing that is there yet stays relative otherwise, and is another one later.
  auto path = std::filesystem::weakly_canonical(std::filesystem::absolute(directory, fault), fault);
  if (fault) path = directory;
  return path.has_filename() ? path : path.parent_path();
}

// LMDB opens a store once in a process; an earlier one here may be about to end.
Result<void> wait_until_gone(const std::weak_ptr<Environment>& environment, const std::string& directory,
                             Executor& executor) {
  const Time deadline = executor.now() + kOpenWithin;
  while (!environment.expired()) {
    if (executor.now() >= deadline) {
      return unavailable(
          fmt::format("a transport to '{0}' that was closed in this process still waits for the store's writer lock; "
                      "`fuser -v {0}/lock.mdb` lists who has it open",
                      directory));
    }
    executor.sleep_until(executor.now() + kLookAgain);
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<Store>> shared_store(const Options& options, std::shared_ptr<Executor> executor) {
  Options named = options;
  named.directory = name_of(options.directory);
  Slot& slot = slot_of(named.directory);
  const std::lock_guard lock{slot.mutex};
  if (auto open = slot.store.lock()) {
    if (open->options() == named) return open;
    return invalid(fmt::format("'{}' is open in this process with other options; use the same ones", named.directory));
  }
  if (auto gone = wait_until_gone(slot.environment, named.directory, *executor); !gone) return gone.error();
  auto opened = Store::open(named, std::move(executor), slot.environment);
  if (!opened) return opened.error();
  slot.store = *opened;
  return opened;
}

}  // namespace tidings::local
