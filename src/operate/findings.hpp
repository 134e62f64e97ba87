// What is in order in a deployment and what is not: judgements over what a transport reports.
//
// Threads: pure functions.
#pragma once

#include <boost/describe.hpp>
#include <string>
#include <vector>

#include "tidings/transport/operator.hpp"

namespace tidings::operate {

enum class Level { ok, warn, fail };
BOOST_DESCRIBE_ENUM(Level, ok, warn, fail)

struct Finding {
  Level level = Level::ok;
  std::string check;   // what was looked at, in a word or two
  std::string what;    // what was found
  std::string remedy;  // what to do about it; empty when ok

  friend bool operator==(const Finding&, const Finding&) = default;
};
BOOST_DESCRIBE_STRUCT(Finding, (), (level, check, what, remedy))

// From where on an amount is worth a warning (P9).
struct Thresholds {
  std::uint64_t queue_warn = 100'000;     // unsettled events of one group on one topic
  std::uint64_t dead_letters_warn = 100;  // dead letters of one group on one topic
};

// Members whose process is stopped: their keys wait until it goes on or ends.
std::vector<Finding> stopped_members(const std::vector<transport::GroupState>& groups);

// Groups that nobody serves while events wait for them.
std::vector<Finding> groups_without_members(const std::vector<transport::GroupState>& groups,
                                            const std::vector<transport::LagState>& lag);

// Queues and dead letters beyond the thresholds.
std::vector<Finding> beyond_thresholds(const std::vector<transport::LagState>& lag, const Thresholds& thresholds);

// Events that retention removed before a group settled them (transport::Unsettled::expire).
std::vector<Finding> lost_to_retention(const std::vector<transport::LagState>& lag);

// Events of others that say no slot of their key, and so are all in one queue of several.
std::vector<Finding> in_one_queue(const std::vector<transport::LagState>& lag);

// How full the store is: a warning from kStoreWarn on, a failure from kStoreFail on. It refuses publishes as soon as
// one does not fit, so what has less room than kStoreFullWithin (or a hundredth of its limit) is said to.
inline constexpr double kStoreWarn = 0.80;
inline constexpr double kStoreFail = 0.95;
inline constexpr std::uint64_t kStoreFullWithin = 64u << 10;
Finding store_room(const transport::StoreState& store);

}  // namespace tidings::operate
