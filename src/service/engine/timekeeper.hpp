// Tells when a handler is past its timeout, at that moment, while it still runs.
//
// Owns:    one thread.
// Threads: any; a Watch by one at a time.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "tidings/executor.hpp"

namespace tidings::service {

class Timekeeper final {
 public:
  explicit Timekeeper(std::shared_ptr<Executor> executor);
  ~Timekeeper();
  Timekeeper(const Timekeeper&) = delete;
  Timekeeper& operator=(const Timekeeper&) = delete;

  // One runner's alarm, set anew for each of its runs.
  class Watch final {
   public:
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    // Both by Executor::uptime(): setting the clock makes nobody late.
    void begin(Duration deadline);
    // Whether the deadline passed by now. `late` was called once then, and has returned.
    bool end(Duration now);

   private:
    friend class Timekeeper;
    Watch(Timekeeper& keeper, std::function<void()> late) : keeper_{keeper}, late_{std::move(late)} {}

    Timekeeper& keeper_;
    std::function<void()> late_;
    Duration deadline_ = Duration::max();
    bool calling_ = false;
    bool called_ = false;
  };

  // `late` runs on the keeper's thread, or inside end(); under no lock. Watches must go before the keeper.
  std::unique_ptr<Watch> watch(std::function<void()> late);

 private:
  void run();
  Watch* next_late(Duration now);

  std::shared_ptr<Executor> executor_;
  std::mutex mutex_;
  std::unique_ptr<Condition> changed_;
  std::vector<Watch*> watches_;
  Duration wakes_ = Duration::max();  // when the thread looks again by itself
  bool stopping_ = false;
  std::unique_ptr<Thread> thread_;
};

}  // namespace tidings::service
