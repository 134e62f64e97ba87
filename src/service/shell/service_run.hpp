// A service from its start to its end: transport, bus, background bodies, signals, drain.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "service/configuration/builtin_settings.hpp"
#include "tidings/bus.hpp"
#include "tidings/log.hpp"

namespace tidings::service {

inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitUnavailable = 3;

// The wish to end, from whoever has it first.
// Threads: any.
class StopRequest final {
 public:
  explicit StopRequest(Executor& executor) : executor_{executor}, changed_{executor.condition()} {}

  // The first exit code that is not `done` wins.
  void request(int exit_code);
  void wait();
  int exit_code() const;

 private:
  Executor& executor_;
  mutable std::mutex mutex_;
  std::unique_ptr<Condition> changed_;
  bool requested_ = false;
  int exit_code_ = kExitDone;
};

struct Background {
  std::string name;
  std::function<Result<void>(Bus&, std::stop_token)> body;
};

// Everything that a run needs; all of it outlives the run.
struct RunSpec {
  const std::string& name;
  const Contract& contract;
  const Builtin& settings;
  std::shared_ptr<Executor> executor;
  std::shared_ptr<Inbox> inbox;
  const std::vector<Background>& backgrounds;
  const Log& log;
  StopRequest& stop;
};

// Blocks until a stop is requested and done. Returns the exit code; ends the process itself when a second signal comes,
// or when something still runs at the drain's deadline: at the latest kDrainGrace after it, and the time of the last
// log lines; where all is settled, and only the transport does not close, kCloseWithin later.
int run_service(const RunSpec& spec);

}  // namespace tidings::service
