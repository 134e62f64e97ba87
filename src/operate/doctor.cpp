#include "operate/doctor.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "operate/place_findings.hpp"
#include "operate/topology.hpp"

namespace tidings::operate {

namespace {

using transport::Transport;

class Examination final {
 public:
  Examination(Transport& transport, Executor& executor, const transport::Place& place, const Thresholds& thresholds)
      : transport_{transport}, executor_{executor}, place_{place}, thresholds_{thresholds} {}

  Diagnosis run() {
    check_reachable();
    check_place();
    check_control();
    check_topology();
    return std::move(diagnosis_);
  }

 private:
  std::string_view scheme() const { return transport_.capabilities().scheme; }
  void add(Finding finding) { diagnosis_.findings.push_back(std::move(finding)); }

  // The findings, or that there are none.
  void add_all(std::vector<Finding> findings, std::string check, std::string ok) {
    if (findings.empty()) add({.level = Level::ok, .check = std::move(check), .what = std::move(ok)});
    for (Finding& finding : findings) add(std::move(finding));
  }

  void failed(std::string check, const Error& error, std::string remedy) {
    add({.level = Level::fail, .check = std::move(check), .what = error.message, .remedy = std::move(remedy)});
  }

  void check_reachable() {
    const auto reached = transport_.check(executor_.now() + kReachWithin);
    if (!reached) {
      return failed("reachable", reached.error(),
                    place_.reach == transport::Reach::network
                        ? "start the broker, or mend its address"
                        : "nothing can be written until then; what only reads works");
    }
    add({.level = Level::ok, .check = "reachable", .what = fmt::format("`{}:` answers", scheme())});
  }

  void check_place() {
    if (place_.verify) add({.level = Level::ok, .check = "damage", .what = "none: all of it can be read"});
    for (Finding& finding : judge_place(place_)) add(std::move(finding));
  }

  void check_control() {
    const auto listed = transport_.control().list("");
    if (!listed) return failed("control", listed.error(), "services cannot see one another: mend what it says");
    add({.level = Level::ok, .check = "control", .what = fmt::format("{} records are readable", listed->size())});
  }

  void check_topology() {
    if (transport_.operations().topology == nullptr) {
      add({.level = Level::warn,
           .check = "topology",
           .what = fmt::format("`{}:` does not tell its groups", scheme()),
           .remedy = "look at groups and lag with the broker's own tools"});
      return;
    }
    const auto topology = topology_of(transport_);
    const auto all_groups = (*topology)->groups();
    if (!all_groups) return failed("topology", all_groups.error(), "look at the store or the broker");
    const auto all_lag = (*topology)->lag();
    if (!all_lag) return failed("topology", all_lag.error(), "look at the store or the broker");
    check_store(**topology);
    check_concerns(**topology);
    add_all(stopped_members(*all_groups), "stopped members", "none");
    add_all(groups_without_members(*all_groups, *all_lag), "groups without members", "none has events that wait");
    add_all(queues(*all_lag), "lag", fmt::format("no group has more than {} events to do", thresholds_.queue_warn));
    add_all(dead_letters(*all_lag), "dead letters", "none");
    for (Finding& finding : lost_to_retention(*all_lag)) add(std::move(finding));
    for (Finding& finding : in_one_queue(*all_lag)) add(std::move(finding));
  }

  void check_store(transport::Topology& topology) {
    const auto store = topology.store();
    if (!store) return failed("store", store.error(), "look at the store or the broker");
    if (*store) add(store_room(**store));
  }

  void check_concerns(transport::Topology& topology) {
    const auto concerns = topology.concerns();
    if (!concerns) return failed("settings", concerns.error(), "look at the store or the broker");
    for (const transport::Concern& concern : *concerns) {
      add({.level = Level::warn, .check = "settings", .what = concern.what, .remedy = concern.remedy});
    }
  }

  std::vector<Finding> queues(const std::vector<transport::LagState>& lag) const {
    return beyond_thresholds(lag, {.queue_warn = thresholds_.queue_warn, .dead_letters_warn = UINT64_MAX});
  }

  // To the doctor every one counts: somebody has to look at it.
  static std::vector<Finding> dead_letters(const std::vector<transport::LagState>& lag) {
    std::vector<Finding> findings;
    for (const transport::LagState& state : lag) {
      if (state.dead == 0) continue;
      findings.push_back(
          {.level = Level::warn,
           .check = "dead letters",
           .what = fmt::format("{} on {}: {}", state.group, state.topic, state.dead),
           .remedy = fmt::format("`tidings dead list --group {}`, then replay or discard them", state.group)});
    }
    return findings;
  }

  Transport& transport_;
  Executor& executor_;
  const transport::Place& place_;
  Thresholds thresholds_;
  Diagnosis diagnosis_;
};

}  // namespace

Diagnosis examine(Transport& transport, Executor& executor, const transport::Place& place,
                  const Thresholds& thresholds) {
  return Examination{transport, executor, place, thresholds}.run();
}

Diagnosis unreachable(const transport::Url& url, const transport::Place& place, const Error& error) {
  Diagnosis diagnosis;
  diagnosis.findings.push_back({.level = Level::fail,
                                .check = "reachable",
                                .what = error.message,
                                .remedy = fmt::format("mend the `{}:` URL or what stands behind it", url.scheme)});
  for (Finding& finding : judge_place(place)) diagnosis.findings.push_back(std::move(finding));
  return diagnosis;
}

Level worst(const Diagnosis& diagnosis) {
  Level level = Level::ok;
  for (const Finding& finding : diagnosis.findings) level = std::max(level, finding.level);
  return level;
}

}  // namespace tidings::operate
