// The second level of the suite: what a service over the transport promises, pipeline and inbox included.
#pragma once

#include <map>
#include <memory>
#include <random>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "tests/conformance/conformance.hpp"
#include "tests/conformance/service/worker_plan.hpp"
#include "tidings/bus.hpp"

namespace tidings::conformance {

// A task, under a key and an id.
struct Order {
  Task task;
  std::string key = "k";
  std::string id = {};  // empty: `task-` and its number
};

class ServiceConformance : public Conformance {
 protected:
  ServiceConformance();
  ~ServiceConformance() override;

  std::chrono::milliseconds units(double count) const;

  // Starts a worker; it runs until the end of the test, or until kill() or stop().
  void work(const WorkerPlan& plan = {});
  // Starts a feeder; likewise.
  void feed(const FeederPlan& plan);
  void kill(const std::string& instance) { workers_.at(instance)->kill(); }
  // Kills the one worker of that plan so many times at random, each time after some runs, and starts it again; then
  // waits until all is settled, none of it as a dead letter.
  void survive_kills(const WorkerPlan& plan, int kills);
  // Drains it: whether it ended well, and in time.
  bool stop(const std::string& instance);
  Result<void> try_stop(const std::string& instance) { return workers_.at(instance)->stop(); }
  bool running(const std::string& instance) { return workers_.at(instance)->running(); }

  // Publishes by a bus of the test; each must be confirmed.
  void send(const std::vector<Order>& orders);
  // Likewise, without waiting: calls `answered` for each, in any order.
  void send_async(const std::vector<Order>& orders, const std::function<void(Result<void>)>& answered);
  Result<void> flush() { return client().flush(deadline(std::chrono::seconds{3})); }
  // How much the client's publisher keeps; before the first send.
  void keep_at_most(std::size_t records) { publisher_options_.buffer_records_max = records; }
  // How long it tries; likewise.
  void try_for(Duration time) { publisher_options_.deliver_within = time; }

  // Waits until `done()`: in time? What should happen at once has as long as anywhere in the suite.
  bool within(Duration expected, const std::function<bool()>& done);
  // Waits until so many members of the group own something: in time?
  bool shared_by(std::size_t members, const std::string& group = "shop");
  // Waits until nothing of the group is unsettled.
  bool settled(const std::string& group = "shop", Duration expected = std::chrono::seconds{3});
  bool all_settled(const std::string& group);

  std::vector<Entry> entries() const { return journal_.read(); }
  // `killing` and `killed`: between them, runs may overlap and go back.
  void note(const char* step) { journal_.write({.step = step, .at = now()}); }
  std::vector<Entry> entries(const std::string& step, const std::string& group = "shop") const;
  // What the group's pipelines decided, `step reason`, but for what goes well.
  std::vector<std::string> decisions(const std::string& group = "shop") const;
  // Waits until there are so many: each is announced after what it decided is durable, and may be seen.
  std::vector<std::string> decisions(std::size_t count, const std::string& group = "shop");
  std::size_t count(const std::string& step) const { return entries(step).size(); }
  // Whatever was published by handlers: `number attempt`, sorted.
  std::vector<std::string> published();
  std::set<std::string> output_ids();  // of those: what was sent again has the same
  // Event ids of the effects in the workers' database, sorted.
  std::vector<std::string> effects();
  // It is opened when it is first asked for; group `shop` is expected from then on.
  Bus& client();

 private:
  const Journal journal_;
  transport::PublisherOptions publisher_options_;
  std::map<std::string, std::unique_ptr<WorkerProcess>> workers_;
  std::unique_ptr<Bus> client_;
};

// Runs of one key that overlap or go back: `key: what`; but for the time between `killing` and `killed`.
std::vector<std::string> disorder(const std::vector<Entry>& entries);
// Likewise, of each event's first run alone, at any time: an event may come again, and none may overtake one that
// stands before it in the log. (What was refused and published again stands behind what was published meanwhile.)
std::vector<std::string> overtaking(const std::vector<Entry>& entries, const std::vector<transport::Record>& log);

std::string id_of(const Order& order);

// Whether the full length is asked for (./test --long).
bool long_run();

class HandlingConformance : public ServiceConformance {};
class RetryingConformance : public ServiceConformance {
 protected:
  void expect_punctuality(const WorkerPlan& plan);
  void expect_the_cap(const WorkerPlan& plan);
  void expect_to_survive_a_kill(const WorkerPlan& plan);
  void expect_others_to_flow(const WorkerPlan& plan);
  int count_flowed(const std::set<std::string>& held, Time again);
  // Killed where it settles, again and again: what failed and was settled is counted once, and waits its time.
  void expect_true_counts(const WorkerPlan& plan);
  // Killed there, again and again: each task has one outcome, and what it published is there with it.
  void expect_one_outcome(const WorkerPlan& plan);
};
class ReplayingConformance : public ServiceConformance {};
class PoisonConformance : public ServiceConformance {
 protected:
  void expect_quarantine(const WorkerPlan& plan);
  void expect_quarantine_of_a_bomb(const WorkerPlan& plan);
  void expect_quarantine_over_processes(WorkerPlan plan);
};
class BurialConformance : public ServiceConformance {
 protected:
  // Publishes it, waits until it is settled: the one dead letter, with its record unchanged.
  void expect_dead_letter(const transport::Record& record, const std::string& reason);
};
class OnceConformance : public ServiceConformance {};
class FeedingConformance : public ServiceConformance {
 protected:
  // What feeders were told is true: each confirmed event is there, no refused one; in order by key. `repeats`: also
  // more than once, which a relay may do.
  enum class Repeats { none, allowed };
  void expect_true_words(Repeats repeats);
  // A feeder with an outbox dies there, again and again.
  void expect_a_relay_to_survive(std::span<const char* const> steps);
};
class SpreadConformance : public ServiceConformance {};
class LifeConformance : public ServiceConformance {
 protected:
  void expect_drain(const WorkerPlan& plan);
  void expect_to_go_on(const WorkerPlan& plan, Away how);
};

class SoakConformance : public ServiceConformance {
 protected:
  void SetUp() override;
  // Sends and disturbs, so many times; then waits until all is settled.
  void run(int steps);
  void expect_all_well();

 private:
  std::uint64_t draw(std::uint64_t below);
  bool one_in(std::uint64_t chance);
  Order random_order();
  void send_some();
  void feed_anew();
  void interrupt(Away how);
  void disturb();
  // Starts again who died.
  void revive();
  void pass(Duration time) { executor().sleep_until(now() + time); }
  void expect_fates(const std::string& group);

  std::mt19937_64 random_;
  std::vector<WorkerPlan> plans_;
  std::vector<Order> orders_;
  std::vector<Away> ways_;
  std::set<Away> interrupted_;
  int feeders_ = 0;
};

}  // namespace tidings::conformance

// The second level's suites, for a Driver; to be used at namespace scope, beside TIDINGS_CONFORMANCE.
#define TIDINGS_SERVICE_CONFORMANCE(PREFIX, DRIVER)                \
  TIDINGS_CONFORMANCE_SUITE(PREFIX, HandlingConformance, DRIVER);  \
  TIDINGS_CONFORMANCE_SUITE(PREFIX, RetryingConformance, DRIVER);  \
  TIDINGS_CONFORMANCE_SUITE(PREFIX, ReplayingConformance, DRIVER); \
  TIDINGS_CONFORMANCE_SUITE(PREFIX, PoisonConformance, DRIVER);    \
  TIDINGS_CONFORMANCE_SUITE(PREFIX, BurialConformance, DRIVER);    \
  TIDINGS_CONFORMANCE_SUITE(PREFIX, OnceConformance, DRIVER);      \
  TIDINGS_CONFORMANCE_SUITE(PREFIX, FeedingConformance, DRIVER);   \
  TIDINGS_CONFORMANCE_SUITE(PREFIX, SpreadConformance, DRIVER);    \
  TIDINGS_CONFORMANCE_SUITE(PREFIX, LifeConformance, DRIVER);      \
  TIDINGS_CONFORMANCE_SUITE(PREFIX, SoakConformance, DRIVER)
