#include "transport/local/operate/store_backup.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "transport/local/operate/local_operator.hpp"
#include "transport/local/storage/environment_copy.hpp"
#include "transport/local/storage/store_directory.hpp"
#include "transport/local/storage/store_verification.hpp"
#include "transport/local/store/reaping.hpp"
#include "transport/local/tables/absence.hpp"
#include "transport/local/tables/member_table.hpp"
#include "transport/local/tables/subscriptions.hpp"

namespace tidings::local {

namespace fs = std::filesystem;
using transport::BackupProgress;
using transport::BackupState;

namespace {

// The directory's full name. invalid: it is the store, or inside of it.
Result<std::string> place_of(const std::string& directory, const fs::path& store) {
  if (directory.empty()) return invalid("a backup needs a directory; name an empty or a new one");
  std::error_code fault;
  fs::path place = fs::weakly_canonical(fs::absolute(directory, fault), fault);
  if (fault) {
    errno = fault.value();
    return file_error("looking at", directory);
  }
  if (!place.has_filename()) place = place.parent_path();
  if (std::ranges::mismatch(store, place).in1 == store.end()) {
    return invalid(fmt::format("'{}' is {} the store '{}'; choose a directory elsewhere", directory,
                               place == store ? "the directory of" : "inside of", store.string()));
  }
  return place.string();
}

// Whoever is a member now is none of a deployment that is restored: its processes may even live, beside the copy. What
// they had is given back, as when they die; for how long groups are without a member counts from the first opening on.
Result<void> forget_members(const std::string& directory, std::uint64_t map_bytes, Time now) {
  const auto environment = Environment::open(directory, map_bytes, Sync::commit);
  if (!environment) return environment.error();
  if (auto opened = (*environment)->open_trees(); !opened) return opened;
  WriteTransaction transaction{**environment};
  SpaceWatch space{map_bytes};
  Commit commit{transaction, space, now};
  for (const MemberRow& member : all_members(transaction)) reap(commit, directory, member);
  for (const SubscriptionRow& row : all_subscriptions(transaction)) end_absence(transaction, row.group);
  return transaction.commit();
}

Error unreadable(const std::string& store) {
  return corrupt(fmt::format(
      "what was copied of the store '{}' cannot be read through: it is damaged, or the disk of the copy is; "
      "try another disk, and keep the backups that there are",
      store));
}

Result<std::uint64_t> fill(Store& store, const std::string& directory, const BackupProgress& progress,
                           transport::FaultPlan& faults) {
  const auto bytes = copy_environment(store.environment(), store.executor(),
                                      {.file = data_of(directory),
                                       .room_least = room_beside_backup(store.size_max()),
                                       .progress = progress,
                                       .faults = faults});
  if (!bytes) return bytes;
  faults.at("backup_copied");
  if (auto done = forget_members(directory, store.environment().map_bytes(), store.now()); !done) return done.error();
  if (auto verified = verify_store(directory); !verified) {
    return verified.error().kind == ErrorKind::corrupt ? unreadable(store.directory()) : verified.error();
  }
  faults.at("backup_verified");
  std::error_code fault;
  fs::remove(fs::path{directory} / "lock.mdb", fault);  // made by whoever opens it
  const auto size = fs::file_size(data_of(directory), fault);
  return fault ? *bytes : size;
}

class LocalBackup final : public transport::Backup {
 public:
  explicit LocalBackup(std::shared_ptr<Store> store) : store_{std::move(store)} {}

  Result<BackupState> make(const std::string& directory, const BackupProgress& progress) override {
    return back_up(*store_, directory, progress);
  }

 private:
  const std::shared_ptr<Store> store_;
};

}  // namespace

Result<BackupState> back_up(Store& store, const std::string& directory, const BackupProgress& progress) {
  const auto place = place_of(directory, store.directory());
  if (!place) return place.error();
  auto target = StoreDirectory::enter_for_copy(*place, store.executor(), store.now());
  if (!target) return target.error();
  auto faults = transport::FaultPlan::from_environment();
  BackupState state{.directory = *place, .begun = store.now()};
  const auto bytes = fill(store, *place, progress, faults);
  const Result<void> done = bytes ? target->completed() : bytes.error();
  if (!done) {
    target->abandon();
    return done.error();
  }
  faults.at("backup_completed");
  state.bytes = *bytes;
  return state;
}

std::unique_ptr<transport::Backup> make_backup(std::shared_ptr<Store> store) {
  return std::make_unique<LocalBackup>(std::move(store));
}

}  // namespace tidings::local
