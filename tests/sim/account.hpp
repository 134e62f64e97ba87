// What happened in a simulated deployment, for those who judge it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/conformance/service/worker_plan.hpp"
#include "tidings/decision.hpp"
#include "tidings/transport/operator.hpp"
#include "tidings/transport/record.hpp"

namespace tidings::sim {

using conformance::Entry;

// What a pipeline decided about the delivery of a task.
struct Decided {
  Step step = Step::accepted;
  Reason reason = Reason::none;
  std::string life;  // the process
  std::string group;
  transport::Position position;
  std::string id;
  int attempt = 0;
  int crashes = 0;
  std::size_t after = 0;  // so many entries
};

struct Logged {
  transport::Position position;
  transport::Record record;
  std::string causation;  // of an output: the task's id
  int attempt = 0;        // likewise: that published it
  std::string group;      // likewise: whose handler published it
};

// Where the log ended when a subscription that starts there began: between these offsets.
struct Head {
  std::int64_t least = 0;
  std::int64_t most = 0;
};

// What the publisher was told of an event.
struct Told {
  bool confirmed = false;
  int tries = 0;
  int when = 0;  // confirmed as the n-th
};

struct Account {
  // In the order in which it happened: what handlers wrote down (begin, failed, end, killing; the instance is the
  // process), and what was done to them, where the instance is empty for all: `crash`; `drained`; `stale`: from here on
  // somebody may run what another one has been given, until as many `fresh`; `replay` of a dead letter by its id and
  // group; `late`: from here on nothing new is published.
  std::vector<Entry> entries;
  std::vector<Decided> decisions;
  std::map<std::string, Told> told;  // by the event's id
  std::vector<Logged> tasks;
  std::vector<Logged> outputs;
  std::vector<transport::DeadLetter> letters;
  std::vector<std::string> effects;                                // event ids in the inbox's database
  std::set<std::string> disturbed;                                 // groups whose processes or settlements met a fault
  std::map<std::string, int> crashes;                              // by group: of its processes
  std::set<std::pair<std::string, transport::Position>> replayed;  // by group: dead letters that an operator replayed
  std::map<std::string, Head> heads;                               // by group, or process of a broadcast
  std::set<std::string> survivors;                                 // processes that live to the end
  std::vector<std::pair<std::size_t, Duration>> set_back;          // the clock, after so many entries, by so much
  std::size_t unanswered_max = 0;                                  // events that the publisher kept at once
  std::vector<std::string> complaints;  // of who looked on: what did not start, end or settle
  std::string trace;                    // all of it, as text
};

}  // namespace tidings::sim
