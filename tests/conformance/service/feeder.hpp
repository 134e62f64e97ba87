// Publishes what a FeederPlan says.
//
// Owns:    its bus or its outbox and relay, and the connection to the transport.
// Threads: one; it has threads of its own.
#pragma once

#include <memory>
#include <vector>

#include "tests/conformance/service/feeder_plan.hpp"
#include "tests/conformance/service/mortal.hpp"
#include "tests/conformance/service/worker.hpp"
#include "tidings/bus.hpp"
#include "tidings/outbox.hpp"

namespace tidings::conformance {

class Feeder final {
 public:
  static Result<std::unique_ptr<Feeder>> start(const FeederPlan& plan, WorkerHost host);
  ~Feeder();

  // Ends, though not all is published.
  Result<void> stop();

  // For processes that are only pretended: from now on it does and writes nothing more.
  void end() { mortal_->end(); }
  bool ended() const { return mortal_->ended(); }

 private:
  Feeder(FeederPlan plan, WorkerHost host);
  Result<void> start();
  Result<void> open_bus();
  Result<void> open_outbox();
  void spawn(const std::string& name, std::function<void()> body);
  void feed(int thread);
  void publish(const Task& task, const PublishOptions& options);
  void place(const Task& task, const PublishOptions& options);
  void note(const char* step, const Task& task, const PublishOptions& options);
  void finish();

  const FeederPlan plan_;
  const WorkerHost host_;
  const Journal journal_;
  const std::shared_ptr<Mortal> mortal_;
  std::stop_source stop_;
  std::unique_ptr<Bus> bus_;
  std::optional<Sqlite> database_;
  std::optional<Outbox> outbox_;
  std::optional<Relay> relay_;
  std::atomic<int> feeding_ = 0;
  std::vector<std::unique_ptr<Thread>> threads_;
};

}  // namespace tidings::conformance
