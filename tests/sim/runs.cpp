#include "tests/sim/runs.hpp"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <set>
#include <utility>

namespace tidings::sim {

namespace {

const WorkerPlan* plan_of(const Scenario& scenario, const std::string& group) {
  for (const Team& team : scenario.teams) {
    if (team.plan.group == group) return &team.plan;
  }
  return nullptr;
}

bool is_strict(const Scenario& scenario, const std::string& group) {
  const WorkerPlan* plan = plan_of(scenario, group);
  return plan != nullptr && !plan->relaxed;
}

// Runs that go on, by group and key; those of processes that may have been replaced do not count.
class OpenRuns final {
 public:
  // What is wrong with it, or nothing.
  std::optional<std::string> take(const Entry& entry) {
    if (entry.step == "stale") stale_.insert(entry.instance);
    if (entry.step == "fresh") stale_.erase(entry.instance);
    if (entry.step == "stale" || entry.step == "crash") {
      std::erase_if(open_, [&](const auto& run) { return is_of(run.second.instance, entry.instance); });
      return std::nullopt;
    }
    if (stale_.contains("") || stale_.contains(entry.instance)) return std::nullopt;
    return entry.step == "begin" ? begin(entry) : end(entry);
  }

 private:
  static bool is_of(const std::string& instance, const std::string& whose) {
    return whose.empty() || whose == instance;
  }

  std::optional<std::string> begin(const Entry& entry) {
    const auto [open, is_first] = open_.emplace(entry.group + " " + entry.key, entry);
    if (is_first) return std::nullopt;
    auto found = fmt::format("P4: {} {}: {} begins in {} while {} runs in {}", entry.group, entry.key, entry.id,
                             entry.instance, open->second.id, open->second.instance);
    open->second = entry;
    return found;
  }
  std::optional<std::string> end(const Entry& entry) {
    if (entry.step != "end" && entry.step != "failed") return std::nullopt;
    const auto open = open_.find(entry.group + " " + entry.key);
    if (open != open_.end() && open->second.instance == entry.instance && open->second.id == entry.id)
      open_.erase(open);
    return std::nullopt;
  }

  std::map<std::string, Entry> open_;
  std::set<std::string> stale_;  // processes; "": all
};

}  // namespace

std::vector<std::string> overlaps(const Scenario& scenario, const Account& account) {
  std::vector<std::string> found;
  OpenRuns runs;
  for (const Entry& entry : account.entries) {
    if (!entry.key.empty() && !is_strict(scenario, entry.group)) continue;
    if (auto wrong = runs.take(entry)) found.push_back(*std::move(wrong));
  }
  return found;
}

std::vector<std::string> overtakings(const Scenario& scenario, const Account& account) {
  std::map<std::string, transport::Position> places;  // by id, the first
  for (const Logged& task : account.tasks) places.emplace(task.record.id, task.position);
  std::map<std::string, std::pair<transport::Position, std::string>> last;  // by group and key
  std::set<std::string> seen;
  std::vector<std::string> found;
  for (const Entry& entry : account.entries) {
    if (entry.step == "replay") seen.insert(entry.group + " " + entry.id);
    if (entry.step != "begin" || !is_strict(scenario, entry.group)) continue;
    if (!seen.insert(entry.group + " " + entry.id).second) continue;
    const auto place = places.find(entry.id);
    if (place == places.end()) continue;
    auto& before = last.try_emplace(entry.group + " " + entry.key, place->second, entry.id).first->second;
    if (place->second < before.first)
      found.push_back(
          fmt::format("P4: {} {}: {} begins first after {}", entry.group, entry.key, entry.id, before.second));
    before = std::max(before, std::pair{place->second, entry.id});
  }
  return found;
}

std::vector<std::string> crowds(const Scenario& scenario, const Account& account) {
  std::map<std::string, int> open;  // by process
  std::vector<std::string> found;
  for (const Entry& entry : account.entries) {
    const WorkerPlan* plan = plan_of(scenario, entry.group);
    if (plan == nullptr || entry.key.empty()) continue;
    if (entry.step == "end" || entry.step == "failed") --open[entry.instance];
    if (entry.step == "begin" && ++open[entry.instance] > plan->concurrency)
      found.push_back(fmt::format("P9: {} runs {} handlers at once, {} are allowed", entry.instance,
                                  open[entry.instance], plan->concurrency));
  }
  return found;
}

std::vector<std::string> early_retries(const Scenario& scenario, const Account& account) {
  if (scenario.has(Harm::clock)) return {};
  std::map<std::string, int> copies;
  for (const Logged& task : account.tasks) ++copies[task.record.id];
  std::map<std::pair<std::string, int>, Time> failed;  // by group and id, and attempt: the first time
  std::vector<std::string> found;
  for (const Entry& entry : account.entries) {
    const std::string lane = entry.group + " " + entry.id;
    if (entry.step == "replay") std::erase_if(failed, [&](const auto& each) { return each.first.first == lane; });
    if (entry.step == "failed") failed.emplace(std::pair{lane, entry.attempt}, entry.at);
    if (entry.step != "begin" || copies[entry.id] != 1) continue;
    const auto before = failed.find({lane, entry.attempt - 1});
    if (before == failed.end()) continue;
    const Time due = before->second + plan_of(scenario, entry.group)->delay_first * (1 << (entry.attempt - 2));
    if (entry.at < due)
      found.push_back(fmt::format("P5: {}: attempt {} comes {} ms early", lane, entry.attempt,
                                  (due - entry.at) / std::chrono::milliseconds{1}));
  }
  return found;
}

}  // namespace tidings::sim
