#include "tests/sim/places.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace tidings::sim {

namespace {

using Found = std::vector<std::string>;
using transport::Position;

// By id, of those that are in the log once.
std::map<std::string, Position> places_of(const Account& account) {
  std::map<std::string, Position> places;
  std::set<std::string> repeated;
  for (const Logged& task : account.tasks) {
    if (!places.emplace(task.record.id, task.position).second) repeated.insert(task.record.id);
  }
  for (const std::string& id : repeated) places.erase(id);
  return places;
}

}  // namespace

Share share_behind(const Head& head, const Account& account, const std::string& id) {
  bool behind = false, before = false;
  for (const Logged& task : account.tasks) {
    if (task.record.id != id) continue;
    if (task.position.offset > head.least) behind = true;
    if (task.position.offset <= head.most) before = true;
  }
  if (behind && before) return Share::some;
  return behind ? Share::all : Share::none;
}

Found wrong_broadcasts(const Scenario& scenario, const Account& account) {
  const Team* radio = scenario.team("radio");
  if (radio == nullptr) return {};
  std::map<std::pair<std::string, std::string>, int> ends;  // by process and id
  for (const Entry& entry : account.entries) {
    if (entry.group == radio->plan.group && entry.step == "end") ++ends[{entry.instance, entry.id}];
  }
  Found found;
  for (const auto& [life, head] : account.heads) {
    if (!life.starts_with(radio->plan.group + "-")) continue;
    for (const Sending& sending : scenario.sendings) {
      if (sending.kind != Sending::Kind::task) continue;
      const Share share = share_behind(head, account, sending.id);
      const bool done = ends.contains({life, sending.id});
      if (share == Share::all && !done && account.survivors.contains(life))
        found.push_back(fmt::format("P1: {} never came to {}, which hears all", sending.id, life));
      if (share == Share::none && done && !sending.id.empty())
        found.push_back(fmt::format("P3: {} came to {}, which was not there", sending.id, life));
    }
  }
  return found;
}

Found overtaken_outputs(const Scenario& scenario, const Account& account) {
  // What waits too long may be passed there, and what is removed to make room is not known.
  if (scenario.broker.strict_hold_max || scenario.is_full()) return {};
  const auto places = places_of(account);
  std::map<std::string, std::pair<Position, std::string>> last;  // by group and key: the task, and its output
  std::set<std::string> seen;
  Found found;
  for (const Logged& output : account.outputs) {
    const Team* team = scenario.team(output.group);
    if (team == nullptr || team->plan.relaxed || team->plan.broadcast) continue;
    if (!seen.insert(output.record.id).second) continue;
    const auto place = places.find(output.causation);
    if (place == places.end() || account.replayed.contains({output.group, place->second})) continue;
    const std::string lane = output.group + " " + output.record.key.value_or("");
    auto& before = last.try_emplace(lane, place->second, output.causation).first->second;
    if (place->second < before.first)
      found.push_back(
          fmt::format("P4: {}: what {} published stands behind what {} did", lane, output.causation, before.second));
    before = std::max(before, std::pair{place->second, output.causation});
  }
  return found;
}

}  // namespace tidings::sim
