// One run_with_faults(): loses settlements of handlers that succeeded, and compares what their second runs do.
//
// A plain handler runs alone, by turns. One in an inbox's transaction waits for nobody here, since others may wait for
// the database meanwhile, and outside of the executor; it does not run twice either, so nothing of it is compared.
//
// Owns:    what it knows of the handlings that it looks at; handlers that are still inside when it ends hold it, too.
// Threads: of a simulation, one at a time: run() by those of the handlers, the rest by the Harness's.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "testing/listening_context.hpp"
#include "tidings/executor.hpp"
#include "tidings/handler.hpp"
#include "tidings/testing/fault_report.hpp"

namespace tidings::testing {

struct HandlerFacts {
  std::string group;
  std::string subscription;
  std::string label;
  bool in_transaction = false;  // there is an inbox
  bool batch = false;
};

class FaultRound final {
 public:
  using Snapshot = std::function<std::string()>;

  struct Options {
    std::uint64_t seed = 0;
    Snapshot snapshot;                      // empty: none
    std::function<void()> lose_connection;  // and have it back at once
  };
  FaultRound(std::shared_ptr<Executor> executor, Options options);

  // In the place of `inner`. `facts` outlives the call.
  Result<void> run(const HandlerFacts& facts, const HandlerFunction& inner, const void* data, Context& context);

  // It became a dead letter.
  void buried(std::string_view group, std::string_view subscription, std::string_view event_id, std::string_view error);
  void unsettled(std::string what);
  // Handlers run as they would without it from now on. Throws what the snapshot threw.
  FaultReport end();

 private:
  struct Handling {
    FaultFinding subject;               // who and what
    std::string events;                 // of a batch: the ids of all of it
    std::vector<std::string> keys;      // of its events
    Heard first;                        // what its first good run published
    std::optional<std::string> before;  // the snapshot before the run that is to be compared
    std::uint64_t last_run = 0;
    int losses_left = 0;
    bool state_told = false;
    bool outputs_told = false;
  };
  using HandlingId = std::pair<const HandlerFacts*, std::string>;  // and event id
  class Turn;

  void pause();
  bool awaits_another(const Handling* handling) const;
  Result<void> run_in_turn(const HandlerFacts& facts, const HandlerFunction& inner, const void* data, Context& context);
  Handling* find(const HandlerFacts& facts, const Context& context);
  Handling* begin_to_look(const HandlerFacts& facts, const Context& context);
  bool undisturbed(const Handling& handling, const std::string& events) const;
  void note_run(Handling* handling, const std::vector<std::string>& keys);
  void keep(Handling& handling, std::string events, std::vector<std::string> keys);
  void compare(Handling& handling, const ListeningContext& listening);
  void lose(Handling& handling, const HandlerFacts& facts);
  std::string state();
  void add(FaultFinding finding);

  const std::shared_ptr<Executor> executor_;
  const Options options_;
  std::mutex mutex_;  // of the waits for a turn
  const std::unique_ptr<Condition> changed_;
  bool taken_ = false;
  bool closed_ = false;
  std::mt19937_64 random_;
  FaultReport report_;
  std::map<HandlingId, Handling> handlings_;            // at most kLossesMax: each costs a loss
  std::map<std::string, const Handling*> last_of_key_;  // of keys of these; null: something else was last
  std::uint64_t runs_ = 0;
  const Handling* awaited_ = nullptr;  // it was lost just now, and goes before others when it comes again
  Time awaited_until_{};
  std::exception_ptr snapshot_threw_;
};

}  // namespace tidings::testing
