// One open store of this process: what everything else here works on.
//
// Owns:    the environment, the writer, the bell; threads for them. Shared by all that opened the same directory.
// Threads: any.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tidings/executor.hpp"
#include "tidings/result.hpp"
#include "transport/driver/fault_plan.hpp"
#include "transport/local/storage/lmdb_environment.hpp"
#include "transport/local/storage/local_options.hpp"
#include "transport/local/storage/open_mark.hpp"
#include "transport/local/storage/process_name.hpp"
#include "transport/local/storage/wake_file.hpp"
#include "transport/local/store/committer.hpp"
#include "transport/local/store/space_watch.hpp"
#include "transport/local/tables/topic_catalog.hpp"

namespace tidings::local {

// Somebody who wants to know when something in the store changed, and whose affairs want a look now and then.
class StoreListener {
 public:
  virtual ~StoreListener() = default;
  // On the store's bell thread: short, no waiting.
  virtual void rang(Changes changes) = 0;
  // On the store's warden thread; may write to the store. Returns when it wants to be called again at the latest.
  virtual Time review() = 0;
};

class Store final {
 public:
  // Opens or creates the directory's store. Who only reads an existing one needs no writer, whoever has that.
  // unavailable: others keep it from being opened for kOpenWithin, or from being changed for kSettingsWithin.
  // `environment` is what it opened, also where it failed: it may live on behind the store (see Committer), and no
  // other one may be opened here meanwhile.
  static Result<std::shared_ptr<Store>> open(const Options& options, std::shared_ptr<Executor> executor,
                                             std::weak_ptr<Environment>& environment);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  const Options& options() const { return options_; }
  const std::string& directory() const { return options_.directory; }
  std::uint32_t partitions() const { return partitions_; }
  std::uint64_t size_max() const { return space_->size_max(); }
  Duration retention() const { return options_.retention.value_or(kRetentionDefault); }
  Executor& executor() const { return *executor_; }
  Time now() const { return executor_->now(); }
  Duration gone_after() const { return faults_->gone_after(); }
  const ProcessName& process() const { return process_; }

  Environment& environment() { return *environment_; }
  Committer& committer() { return *committer_; }
  WakeFile& wake() { return *wake_; }

  // What is known of the topics; looked up again when something about them changed.
  std::shared_ptr<const Catalog> catalog();
  std::shared_ptr<const Catalog> fresh_catalog();

  void listen(std::weak_ptr<StoreListener> listener);
  // Has every listener reviewed soon.
  void call_warden();

 private:
  Store(Options options, std::shared_ptr<Executor> executor);
  Result<void> start();
  Result<void> open_files(bool fresh);
  Result<void> take_over_wake();
  Result<void> open_environment(bool fresh);
  struct Settings {
    std::uint64_t size_max = 0;
    bool changed = false;  // they are not stored yet
  };
  Result<Settings> read_settings();
  Result<void> write_settings(const Settings& settings);
  void start_committer();
  void start_threads();
  void close_mark();
  void bell_loop();
  void warden_loop();
  void tell(Changes changes);
  std::vector<std::shared_ptr<StoreListener>> listeners();

  Options options_;
  const std::shared_ptr<Executor> executor_;
  const ProcessName process_ = this_process();
  std::uint32_t partitions_ = kPartitionsDefault;
  const std::shared_ptr<transport::FaultPlan> faults_ =
      std::make_shared<transport::FaultPlan>(transport::FaultPlan::from_environment());
  std::optional<OpenMark> mark_;
  std::shared_ptr<WakeFile> wake_;
  std::shared_ptr<Environment> environment_;
  std::shared_ptr<SpaceWatch> space_;
  std::unique_ptr<Committer> committer_;

  std::mutex mutex_;
  const std::unique_ptr<Condition> called_;
  bool stopping_ = false;
  bool review_ = false;
  std::vector<std::weak_ptr<StoreListener>> listeners_;
  std::shared_ptr<const Catalog> catalog_;
  WakeFile::Seen catalog_seen_;

  std::vector<std::shared_ptr<StoreListener>> own_;  // listeners of the store itself
  std::unique_ptr<Thread> bell_;
  std::unique_ptr<Thread> warden_;
};

}  // namespace tidings::local
