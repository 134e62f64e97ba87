#include "transport/local/store/local_store.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tidings/transport/transport.hpp"
#include "transport/local/storage/limits.hpp"
#include "transport/local/storage/store_directory.hpp"
#include "transport/local/storage/store_verification.hpp"
#include "transport/local/store/death_watch.hpp"
#include "transport/local/store/store_cleaner.hpp"

namespace tidings::local {

namespace {

// What may have been missed; a full store rings again at the next refusal.
constexpr Changes kAllChanged = ((1u << kChangeKinds) - 1) & ~kRoomWanted;

std::uint64_t map_bytes(std::uint64_t size_max) {
  return size_max + reserve_of(size_max);
}

std::optional<std::uint64_t> get_meta(Transaction& transaction, Bytes key) {
  const auto value = transaction.get(Tree::meta, key);
  if (!value) return std::nullopt;
  return ByteReader{*value}.fixed<std::uint64_t>();
}

void put_meta(WriteTransaction& transaction, Bytes key, std::uint64_t number) {
  std::string value;
  ByteWriter{value}.fixed(number);
  transaction.put(Tree::meta, key, value);
}

}  // namespace

Store::Store(Options options, std::shared_ptr<Executor> executor)
    : options_{std::move(options)}, executor_{std::move(executor)}, called_{executor_->condition()} {}

Result<std::shared_ptr<Store>> Store::open(const Options& options, std::shared_ptr<Executor> executor,
                                           std::weak_ptr<Environment>& environment) {
  std::shared_ptr<Store> store{new Store{options, std::move(executor)}};
  const auto started = store->start();
  environment = store->environment_;
  if (!started) return started.error();
  return store;
}

// The directory's lock is held as long as nobody else must see what is not complete, and never while waiting for the
// writer of an existing store.
Result<void> Store::start() {
  auto entered = StoreDirectory::enter(options_.directory, *executor_, now() + kOpenWithin);
  if (!entered) return entered.error();
  std::optional<StoreDirectory> directory{*std::move(entered)};
  const bool fresh = directory->fresh();
  if (auto opened = open_files(fresh); !opened) return opened;
  const auto settings = read_settings();
  if (!settings) return settings.error();
  if (auto mapped = environment_->set_map(map_bytes(settings->size_max)); !mapped) return mapped;
  space_ = std::make_shared<SpaceWatch>(settings->size_max);
  start_committer();
  if (!fresh) directory.reset();
  if (settings->changed) {
    if (auto written = write_settings(*settings); !written) return written;
  }
  if (fresh) {
    if (auto synced = environment_->sync(); !synced) return synced;
    if (auto completed = directory->completed(); !completed) return completed;
    directory.reset();
  }
  start_threads();
  return {};
}

Result<void> Store::open_files(bool fresh) {
  const std::string& path = options_.directory;
  if (boot_id().empty() || process_.started == 0) {
    return unavailable(
        fmt::format("'{}' cannot be opened, for /proc tells nothing of this process: mount it where it is missing, and "
                    "raise the limit of open files (`ulimit -n`) where that is reached",
                    path));
  }
  const OpenMark::Left left = OpenMark::left(path);
  if (left == OpenMark::Left::unsynced) {
    return corrupt(
        fmt::format("the machine went down while '{}' was written with sync=none, so it may be damaged; "
                    "restore a backup, or remove the directory",
                    path));
  }
  if (left == OpenMark::Left::machine && !fresh) {
    if (auto filled = fill_lock_file(path); !filled) return filled;
    if (auto verified = verify_store(path); !verified) return verified;
  }
  auto mark = OpenMark::set(path, options_.sync);
  if (!mark) return mark.error();
  mark_.emplace(*std::move(mark));
  auto wake = WakeFile::open(path);
  if (!wake) return wake.error();
  wake_ = *std::move(wake);
  if (auto taken = take_over_wake(); !taken) return taken;
  return open_environment(fresh);
}

// Pids, by which deaths are seen, must mean the same to all.
Result<void> Store::take_over_wake() {
  if (wake_->of_these_pids()) return {};
  if (!mark_->alone()) {
    return unsupported(fmt::format(
        "'{}' is open in processes of another pid namespace (another container): they could not see whether "
        "this one lives; run all of them in one namespace (docker: --pid), or give each a store of its own",
        options_.directory));
  }
  wake_->begin_anew();
  mark_->share();
  return {};
}

Result<void> Store::open_environment(bool fresh) {
  const std::string& path = options_.directory;
  auto environment = Environment::open(path, map_bytes(options_.size_max.value_or(kSizeMaxDefault)), options_.sync);
  if (!environment) return environment.error();
  environment_ = *std::move(environment);
  if (!fresh && is_shorter(path, environment_->pages_high() * environment_->page_bytes())) {
    if (auto verified = verify_store(path); !verified) return verified;
  }
  return fresh ? environment_->create_trees() : environment_->open_trees();
}

void Store::start_committer() {
  committer_ = std::make_unique<Committer>(CommitterParts{
      .executor = executor_, .environment = environment_, .wake = wake_, .space = space_, .faults = faults_});
}

void Store::start_threads() {
  own_.push_back(watch_deaths(*this));
  // Who died before we came is reaped before anybody joins here: a service that starts again finds no one in its place.
  own_.front()->review();
  own_.push_back(clean_regularly(*this));
  for (const auto& listener : own_) listen(listener);
  bell_ = executor_->spawn("local-bell", [this] { bell_loop(); });
  warden_ = executor_->spawn("local-warden", [this] { warden_loop(); });
}

// What is fixed at creation, and what the URL changes.
Result<Store::Settings> Store::read_settings() {
  ReadTransaction transaction{*environment_};
  const auto partitions = get_meta(transaction, "partitions");
  const auto size_max = get_meta(transaction, "size_max");
  if (!transaction.status()) return transaction.status().error();
  if (partitions && options_.partitions && *partitions != *options_.partitions) {
    return invalid(
        fmt::format("the store '{}' has {} partitions since its creation, the URL says {}; leave the option "
                    "out",
                    options_.directory, *partitions, *options_.partitions));
  }
  partitions_ = static_cast<std::uint32_t>(partitions.value_or(options_.partitions.value_or(kPartitionsDefault)));
  Settings settings{.size_max = options_.size_max.value_or(size_max.value_or(kSizeMaxDefault))};
  settings.changed = !partitions || size_max != settings.size_max;
  return settings;
}

Result<void> Store::write_settings(const Settings& settings) {
  auto written = committer_->perform(
      [&](Commit& commit) -> Result<void> {
        put_meta(commit.transaction(), "partitions", partitions_);
        put_meta(commit.transaction(), "size_max", settings.size_max);
        return {};
      },
      kSettingsWithin);
  if (written || written.error().kind != ErrorKind::unavailable) return written;
  return unavailable(fmt::format("the settings of the store '{}' could not be changed: {}", options_.directory,
                                 written.error().message));
}

Store::~Store() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    called_->notify_all();
  }
  if (wake_) wake_->ring(0);
  if (committer_) committer_->close();  // so that nobody waits for the writer any more
  warden_.reset();
  bell_.reset();
  own_.clear();
  committer_.reset();
  close_mark();
}

// The last one to leave writes everything to the disk, and says so.
void Store::close_mark() {
  if (!mark_ || !environment_) return;
  const auto directory = StoreDirectory::enter(options_.directory, *executor_, now() + transport::kCloseWithin);
  if (directory && mark_->alone() && environment_->sync()) mark_->remove();
  mark_.reset();  // before the directory: whoever opens the store there waits for no mark
}

std::shared_ptr<const Catalog> Store::catalog() {
  const auto seen = wake_->seen();
  {
    const std::lock_guard lock{mutex_};
    if (catalog_ && (WakeFile::between(catalog_seen_, seen) & kTopicsChanged) == 0) return catalog_;
  }
  return fresh_catalog();
}

std::shared_ptr<const Catalog> Store::fresh_catalog() {
  const auto seen = wake_->seen();
  ReadTransaction transaction{*environment_};
  auto catalog = std::make_shared<const Catalog>(transaction);
  const std::lock_guard lock{mutex_};
  catalog_ = catalog;
  catalog_seen_ = seen;
  return catalog;
}

void Store::listen(std::weak_ptr<StoreListener> listener) {
  {
    const std::lock_guard lock{mutex_};
    std::erase_if(listeners_, [](const auto& known) { return known.expired(); });
    listeners_.push_back(std::move(listener));
  }
  call_warden();
}

void Store::call_warden() {
  const std::lock_guard lock{mutex_};
  review_ = true;
  called_->notify_all();
}

std::vector<std::shared_ptr<StoreListener>> Store::listeners() {
  std::vector<std::shared_ptr<StoreListener>> alive;
  const std::lock_guard lock{mutex_};
  for (const auto& listener : listeners_) {
    if (auto locked = listener.lock()) alive.push_back(std::move(locked));
  }
  return alive;
}

void Store::bell_loop() {
  auto seen = wake_->seen();
  for (;;) {
    {
      const std::lock_guard lock{mutex_};
      if (stopping_) return;
    }
    const Time wait_from = now();
    wake_->wait(seen, kLookAgainAfter);
    const auto after = wake_->seen();
    const bool late = now() - wait_from >= kLookAgainAfter;
    tell(late ? kAllChanged : WakeFile::between(seen, after));
    seen = after;
  }
}

void Store::tell(Changes changes) {
  if (changes == 0) return;
  for (const auto& listener : listeners()) listener->rang(changes);
  if ((changes & (kMembersChanged | kTopicsChanged)) != 0) call_warden();
}

void Store::warden_loop() {
  Time next = Time{};
  std::unique_lock lock{mutex_};
  for (;;) {
    called_->wait_until(lock, next, *executor_, [this] { return stopping_ || review_; });
    if (stopping_) return;
    review_ = false;
    lock.unlock();
    next = kNever;
    for (const auto& listener : listeners()) next = std::min(next, listener->review());
    lock.lock();
  }
}

}  // namespace tidings::local
