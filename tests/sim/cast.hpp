// Who works in a simulated deployment: lives of worker processes, and of the publisher.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/conformance/service/worker.hpp"
#include "tests/sim/account.hpp"
#include "tests/sim/scenario.hpp"
#include "tests/support/scratch_directory.hpp"
#include "tidings/bus.hpp"
#include "tidings/testing/simulated_executor.hpp"
#include "transport/memory/memory_broker.hpp"

namespace tidings::sim {

// What all of them share.
struct Stage {
  explicit Stage(const Scenario& scenario);

  Time now() const { return executor->now(); }
  // Something that is no decision: into the account and its trace.
  void note(Entry entry);
  void note(const char* step, std::string instance = {}, std::string group = {}, std::string id = {});
  // Notes who is dead meanwhile, or lost its connection: before anything else is noted, since faults come without a
  // word.
  void look();
  void decided(const std::string& life, const Decision& decision);
  // The offset of the last event.
  std::int64_t last_offset() const;
  // All that is in the log of tasks and was not told yet, before it is removed to make room.
  void read_tasks();

  const Scenario& scenario;
  std::shared_ptr<testing::SimulatedExecutor> executor;
  std::shared_ptr<memory::MemoryBroker> broker;
  testing::ScratchDirectory scratch;          // of the inbox's database
  std::map<std::string, std::string> living;  // worker processes, with their groups
  std::map<std::string, Duration> leaving;    // those that drain: until when, by the time that passed
  Account account;

 private:
  void bury_the_dead();
  void find_the_lost();
  void find_who_leaves();
  void record(Entry entry);

  std::int64_t read_to_ = 0;                     // offset
  std::map<std::string, std::uint64_t> losses_;  // of connections, by process
  std::map<std::string, Duration> deaf_until_;   // by process that lost its connection: until it has heard of that
};

// One place in a team; whoever dies there, another one follows.
class Post final {
 public:
  Post(Stage& stage, int team, int number) : stage_{stage}, team_{team}, number_{number} {}

  Result<void> begin();
  Result<void> drain();  // and is nobody; no later than it may be: P8
  void crash();
  bool vacant() const { return worker_ == nullptr || dead(); }
  const std::string& life() const { return life_; }
  int team() const { return team_; }

 private:
  bool dead() const;  // somebody was here and died
  Result<void> start(const WorkerPlan& plan);
  const WorkerPlan& plan() const { return stage_.scenario.teams[static_cast<std::size_t>(team_)].plan; }

  Stage& stage_;
  const int team_;
  const int number_;
  int lives_ = 0;
  std::string life_;
  std::unique_ptr<conformance::Worker> worker_;
  std::vector<std::unique_ptr<conformance::Worker>> former_;  // dead; what they still do must have no effect
};

// The service that publishes. What is refused it publishes again, under the same id.
class Client final {
 public:
  explicit Client(Stage& stage) : stage_{stage} {}

  Result<void> begin();
  void crash();  // what was not confirmed nobody publishes again
  void publish(const Sending& sending);
  void publish_refused();  // all that was refused since, again
  bool busy() const { return waiting_ > 0 || !refused_.empty(); }

 private:
  void send(const Sending& sending);
  void answer(const std::string& life, const Sending& sending, const Result<void>& outcome);

  Stage& stage_;
  int lives_ = 0;
  std::string life_;
  std::unique_ptr<Bus> bus_;
  std::unique_ptr<transport::Publisher> publisher_;  // of what is no task
  std::vector<std::unique_ptr<Bus>> former_;
  std::vector<std::unique_ptr<transport::Publisher>> former_publishers_;  // gone before their bus is
  std::vector<Sending> refused_;
  std::size_t waiting_ = 0;
  std::size_t kept_ = 0;  // of those, by the bus
  int confirmed_ = 0;
};

}  // namespace tidings::sim
