// A service process of the suite: what its tasks ask of its handler, how it is set up, and what it writes down.
//
// Plans and journal lines are JSON, so that they pass through the command line and the files of child processes.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "tidings/describe.hpp"
#include "tidings/event.hpp"
#include "tidings/result.hpp"

namespace tidings::conformance {

// An event that says what happens to whoever handles it.
struct Task {
  int number = 0;
  int fails = 0;                            // so many first attempts fail
  bool refused = false;                     // no attempt helps, until an operator replays it
  bool poison = false;                      // kills its process
  std::string throws;                       // attempts that fail throw: `exception`, or `other`
  bool rolls_back = false;                  // attempts that fail roll the inbox's transaction back
  std::chrono::milliseconds takes{};        // each run
  std::chrono::milliseconds first_takes{};  // the first run, besides
  int publishes = 0;                        // so many Done events
  std::vector<std::string> keys;            // and one under each of these keys
  std::string done_id;                      // and one of this id
  std::string trouble_in;                   // the group in which all of that happens; empty: in each
};
BOOST_DESCRIBE_STRUCT(Task, (),
                      (number, fails, refused, poison, throws, rolls_back, takes, first_takes, publishes, keys, done_id,
                       trouble_in))

struct Done {
  int number = 0;
  int attempt = 0;
  std::string group;  // whose handler published it
};
BOOST_DESCRIBE_STRUCT(Done, (), (number, attempt, group))

// An event that kills whoever decodes it, in a process that armed it.
struct Bomb {
  Bomb() {
    if (armed) armed();
  }
  int number = 0;

  static inline std::function<void()> armed;
};
BOOST_DESCRIBE_STRUCT(Bomb, (), (number))

inline constexpr const char* kTasks = "tasks";
inline constexpr const char* kDone = "done";

struct WorkerPlan {
  std::string instance = "worker";  // the process
  std::string group = "shop";
  int concurrency = 1;
  bool relaxed = false;
  bool broadcast = false;
  bool from_end = false;  // a new subscription starts there
  int attempts_max = 3;
  std::chrono::milliseconds delay_first{100};  // then twice that, four times, ...
  std::chrono::milliseconds delay_max{600'000};
  double jitter = 0;
  std::chrono::milliseconds timeout{300'000};
  bool timeout_fails = false;
  bool inbox = false;       // each run leaves an effect in the database, and the inbox keeps it to one
  int commits_refused = 0;  // each n-th commit of the inbox, for a time; 0: none
  std::size_t in_flight_max = 1'024;
  bool unhandled_dies = false;  // types without a handler are dead letters
  bool requires_id = false;
  bool notes_accepted = false;              // as decided, once that is durable
  std::size_t record_bytes_max = 1u << 20;  // what it takes for too large, if that is less than the transport does
  std::string dies_at;  // with an inbox one of kInboxSteps, or one of Fixture::fault_points(); empty: it lives
  int dies_after = 1;   // so many passings of that step
  std::chrono::milliseconds stop_within{20'000};
};
BOOST_DESCRIBE_STRUCT(WorkerPlan, (),
                      (instance, group, concurrency, relaxed, broadcast, from_end, attempts_max, delay_first, delay_max,
                       jitter, timeout, timeout_fails, inbox, commits_refused, in_flight_max, unhandled_dies,
                       requires_id, notes_accepted, record_bytes_max, dies_at, dies_after, stop_within))

// What a handler wrote down, or what the pipeline decided.
struct Entry {
  std::string step;  // begin, failed, end; decided
  std::string instance;
  std::string group;
  std::string id;
  std::string key;
  int number = 0;
  int attempt = 0;
  Time at{};
  std::string decision;  // of decided: its step and reason, but for what goes well, unless the plan wants it
};
BOOST_DESCRIBE_STRUCT(Entry, (), (step, instance, group, id, key, number, attempt, at, decision))

// A file that all workers of a deployment append to. A line survives its process. Threads: any.
class Journal final {
 public:
  explicit Journal(const std::filesystem::path& directory) : path_{directory / "journal"} {}

  void write(const Entry& entry) const;
  std::vector<Entry> read() const;  // in the order of writing

 private:
  std::filesystem::path path_;
};

// Where workers with an inbox leave their effects: the table effects(id, instance).
inline std::filesystem::path database_in(const std::filesystem::path& directory) {
  return directory / "effects.db";
}

}  // namespace tidings::conformance

template <>
inline constexpr tidings::EventInfo tidings::event_info<tidings::conformance::Task>{
    .type = "Task", .topic = tidings::conformance::kTasks};
template <>
inline constexpr tidings::EventInfo tidings::event_info<tidings::conformance::Bomb>{
    .type = "Bomb", .topic = tidings::conformance::kTasks};
template <>
inline constexpr tidings::EventInfo tidings::event_info<tidings::conformance::Done>{
    .type = "Done", .topic = tidings::conformance::kDone};
