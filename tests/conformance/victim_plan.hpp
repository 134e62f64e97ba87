// What a process does before a test kills it. A plan goes through a command line, so that it can be carried out by a
// child process of the test program.
#pragma once

#include <string>
#include <vector>

#include "tidings/executor.hpp"
#include "tidings/result.hpp"
#include "tidings/transport/transport.hpp"

namespace tidings::conformance {

struct VictimPlan {
  // Publishes so many records to the topic, with keys and ids `0`, `1`, ..., and waits for their confirmation.
  std::string topic;
  std::size_t publish = 0;
  // Then joins the group and receives so many; then, by their place among these:
  std::string group;
  std::size_t receive = 0;
  std::vector<std::size_t> accept;
  std::vector<std::size_t> retry;  // strict, an hour from now, failed = 1
  std::vector<std::size_t> mark;   // crashes = 1 more than it has
  std::vector<std::size_t> run;    // stand on the running board

  friend bool operator==(const VictimPlan&, const VictimPlan&) = default;
};

inline constexpr Duration kRetryDelayOfVictims = std::chrono::hours{1};

std::vector<std::string> to_arguments(const VictimPlan& plan);
Result<VictimPlan> plan_from(const std::vector<std::string>& arguments);

// Holds what a carried-out plan leaves open: a member of the group, deliveries in flight, a running board.
struct Carried {
  std::unique_ptr<transport::Publisher> publisher;
  std::unique_ptr<transport::Consumer> consumer;
};

Result<Carried> carry_out(const VictimPlan& plan, transport::Transport& transport, Executor& executor);

}  // namespace tidings::conformance
