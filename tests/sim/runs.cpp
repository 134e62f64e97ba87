#include "tests/sim/runs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "tests/sim/stale.hpp"

namespace tidings::sim {

namespace {

// Where so much may be in flight, nothing waits for room.
constexpr std::size_t kAllInFlight = 40;

const WorkerPlan* plan_of(const Scenario& scenario, const std::string& group) {
  const Team* team = scenario.team(group);
  return team == nullptr ? nullptr : &team->plan;
}

bool is_strict(const Scenario& scenario, const std::string& group) {
  const WorkerPlan* plan = plan_of(scenario, group);
  return plan != nullptr && !plan->relaxed && !plan->broadcast;
}

// Runs that go on, by group and key; those of processes that may have been replaced do not count.
class OpenRuns final {
 public:
  // What is wrong with it, or nothing.
  std::optional<std::string> take(const Entry& entry) {
    stale_.take(entry);
    if (entry.step == "stale" || entry.step == "crash") {
      std::erase_if(open_, [&](const auto& run) { return is_of(run.second.instance, entry.instance); });
      return std::nullopt;
    }
    if (stale_.is(entry.instance)) return std::nullopt;
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
  Stale stale_;
};

// How far the clock was set back meanwhile.
Duration set_back(const Account& account, std::size_t from, std::size_t to) {
  Duration sum{};
  for (const auto& [after, by] : account.set_back) {
    if (after > from && after <= to) sum += by;
  }
  return sum;
}

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
  std::map<std::string, int> copies;
  for (const Logged& task : account.tasks) ++copies[task.record.id];
  std::map<std::pair<std::string, int>, std::size_t> failed;  // by group and id, and attempt: the first time
  std::vector<std::string> found;
  for (std::size_t i = 0; i < account.entries.size(); ++i) {
    const Entry& entry = account.entries[i];
    const std::string lane = entry.group + " " + entry.id;
    if (entry.step == "replay") std::erase_if(failed, [&](const auto& each) { return each.first.first == lane; });
    if (entry.step == "failed") failed.emplace(std::pair{lane, entry.attempt}, i);
    if (entry.step != "begin" || copies[entry.id] != 1) continue;
    const auto before = failed.find({lane, entry.attempt - 1});
    if (before == failed.end()) continue;
    const Duration delay = plan_of(scenario, entry.group)->delay_first * (1 << (entry.attempt - 2));
    const Duration waited = entry.at + set_back(account, before->second, i) - account.entries[before->second].at;
    if (waited < delay)
      found.push_back(fmt::format("P5: {}: attempt {} comes {} ms early", lane, entry.attempt,
                                  (delay - waited) / std::chrono::milliseconds{1}));
  }
  return found;
}

std::vector<std::string> held_by_relaxed(const Scenario& scenario, const Account& account) {
  std::map<std::string, transport::Position> places;
  std::map<std::string, int> copies;
  for (const Logged& task : account.tasks) {
    places.emplace(task.record.id, task.position);
    ++copies[task.record.id];
  }
  std::map<std::string, std::set<std::string>> begun;  // by group
  std::vector<std::string> confirmed;
  std::vector<std::string> found;
  std::map<std::string, std::size_t> known;  // by group and id of a first begin: so many were confirmed then
  for (const Entry& entry : account.entries) {
    if (entry.step == "confirmed") confirmed.push_back(entry.id);
    const WorkerPlan* plan = plan_of(scenario, entry.group);
    if (plan == nullptr || !plan->relaxed || plan->in_flight_max < kAllInFlight) continue;
    if (account.disturbed.contains(entry.group) || entry.key.empty()) continue;
    if (entry.step != "begin") continue;
    const bool again = !begun[entry.group].insert(entry.id).second;
    if (!again) known[entry.group + entry.id] = confirmed.size();
    if (!again || entry.attempt == 1) continue;
    for (std::size_t i = 0; i < known[entry.group + entry.id]; ++i) {
      const std::string& other = confirmed[i];
      const auto sending = std::ranges::find(scenario.sendings, other, &Sending::id);
      if (sending->kind != Sending::Kind::task || sending->key != entry.key || copies[other] != 1) continue;
      if (places[entry.id] < places[other] && !begun[entry.group].contains(other))
        found.push_back(
            fmt::format("P4: {} {}: {} waits behind the relaxed retry of {}", entry.group, entry.key, other, entry.id));
    }
  }
  return found;
}

}  // namespace tidings::sim
