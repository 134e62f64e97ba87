// A bus with one handler, which does what its tasks ask for.
//
// Owns:    its bus, the connection to the transport, and its database.
// Threads: one.
#pragma once

#include <functional>
#include <memory>

#include "tests/conformance/service/mortal.hpp"
#include "tests/conformance/service/worker_plan.hpp"
#include "tidings/bus.hpp"
#include "tidings/sqlite.hpp"

namespace tidings::conformance {

// What surrounds a worker.
struct WorkerHost {
  std::shared_ptr<transport::Transport> transport;
  std::shared_ptr<Executor> executor;
  std::filesystem::path directory;                    // of the journal and the database
  std::function<void()> die;                          // as by SIGKILL; may return where a process is only pretended
  std::function<bool()> lives = [] { return true; };  // false: a pretended one is dead
  std::function<void(const Entry&)> write = {};       // what it writes down, instead of the journal
  std::vector<Observer> observers = {};               // of its decisions, besides
};

class Worker final {
 public:
  static Result<std::unique_ptr<Worker>> start(const WorkerPlan& plan, WorkerHost host);

  // Drains.
  Result<void> stop();

  // For processes that are only pretended: from now on its handlers do and write nothing more.
  void end() { mortal_->end(); }
  bool ended() const { return mortal_->ended(); }

 private:
  Worker(WorkerPlan plan, WorkerHost host);
  Result<void> start();
  On options() const;
  Result<void> handle(const Task& task, Context& context);
  Result<void> publish(const Task& task, Context& context);
  Result<void> fail(const Task& task) const;
  Result<void> leave_effect(Context& context);
  void pass(std::chrono::milliseconds time);
  void note(const char* step, const Task& task, const Context& context);
  void note(const Decision& decision);

  const WorkerPlan plan_;
  const WorkerHost host_;
  const std::function<void(const Entry&)> write_;
  const std::shared_ptr<Mortal> mortal_;
  std::unique_ptr<Bus> bus_;
};

}  // namespace tidings::conformance
