#include "tests/sim/needless_runs.hpp"

#include <fmt/format.h>

#include <map>
#include <set>
#include <utility>

#include "tests/sim/stale.hpp"

namespace tidings::sim {

namespace {

using Found = std::vector<std::string>;

bool is_end(const Entry& entry) {
  return entry.step == "end" || entry.step == "failed" || entry.step == "killing";
}

// Tells of entries and decisions in the order in which they happened.
template <class OnEntry, class OnDecision>
void walk(const Account& account, const OnEntry& on_entry, const OnDecision& on_decision) {
  auto decision = account.decisions.begin();
  for (std::size_t i = 0; i <= account.entries.size(); ++i) {
    for (; decision != account.decisions.end() && decision->after <= i; ++decision) on_decision(*decision);
    if (i < account.entries.size()) on_entry(account.entries[i]);
  }
}

// What runs in a process.
struct Running {
  std::set<std::string> ids;
  std::string suspect;  // marked: to run, or running; empty: none
};

class Company final {
 public:
  void take(const Entry& entry) {
    if (entry.step == "crash") running_.erase(entry.instance);
    Running& here = running_[entry.instance];
    if (is_end(entry)) {
      here.ids.erase(entry.id);
      if (here.suspect == entry.id) here.suspect.clear();
    }
    if (entry.step != "begin") return;
    here.ids.insert(entry.id);
    const bool alone = here.ids.size() == 1;
    if (!alone && here.ids.contains(here.suspect))
      found_.push_back(fmt::format("P5: {} begins beside others in {}, where {} is a suspect", entry.id, entry.instance,
                                   here.suspect));
  }
  void take(const Decided& decided) {
    if (decided.step == Step::marked) running_[decided.life].suspect = decided.id;
  }
  Found found() { return std::move(found_); }

 private:
  std::map<std::string, Running> running_;  // by process
  Found found_;
};

class Reruns final {
 public:
  Reruns(const Scenario& scenario, const Account& account) : scenario_{scenario} {
    for (const Logged& task : account.tasks) ++copies_[task.record.id];
  }
  void take(const Entry& entry) {
    stale_.take(entry);
    const std::string event = entry.group + " " + entry.id;
    if (entry.step == "replay") settled_.erase(event);
    if (entry.step != "begin" || stale_.is(entry.instance) || copies_[entry.id] != 1) return;
    if (const auto settled = settled_.find(event); settled != settled_.end())
      found_.push_back(
          fmt::format("P2: {} begins in {}, though {} has settled it", event, entry.instance, settled->second));
  }
  void take(const Decided& decided) {
    const Team* team = scenario_.team(decided.group);
    if (team == nullptr || team->plan.broadcast) return;
    if (decided.step == Step::accepted || decided.step == Step::buried)
      settled_.emplace(decided.group + " " + decided.id, decided.life);
  }
  Found found() { return std::move(found_); }

 private:
  const Scenario& scenario_;
  std::map<std::string, int> copies_;
  std::map<std::string, std::string> settled_;  // by group and id: by whom
  Stale stale_;
  Found found_;
};

template <class Judge>
Found judged(const Account& account, Judge judge) {
  walk(
      account, [&](const Entry& entry) { judge.take(entry); }, [&](const Decided& decided) { judge.take(decided); });
  return judge.found();
}

}  // namespace

Found begun_after_drains(const Account& account) {
  std::set<std::string> drained;
  Found found;
  for (const Entry& entry : account.entries) {
    if (entry.step == "drained") drained.insert(entry.instance);
    if (entry.step == "begin" && drained.contains(entry.instance))
      found.push_back(fmt::format("P8: {} begins in {}, which was drained", entry.id, entry.instance));
  }
  return found;
}

Found suspects_in_company(const Account& account) {
  return judged(account, Company{});
}

Found reruns(const Scenario& scenario, const Account& account) {
  return judged(account, Reruns{scenario, account});
}

}  // namespace tidings::sim
