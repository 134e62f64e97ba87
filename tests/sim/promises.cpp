#include "tests/sim/promises.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "tests/sim/needless_runs.hpp"
#include "tests/sim/places.hpp"
#include "tests/sim/runs.hpp"

namespace tidings::sim {

namespace {

using Found = std::vector<std::string>;

// What must become of an event in a group: the reason of its dead letter, or "done", or "unhandled".
std::string fate_of(const Sending& sending, const std::string& group) {
  if (sending.kind == Sending::Kind::undecodable) return "undecodable";
  if (sending.kind == Sending::Kind::unhandled) return "unhandled";
  const Task& task = sending.task;
  if (!task.trouble_in.empty() && task.trouble_in != group) return "done";
  if (task.poison) return "crashed";
  if (task.refused) return "rejected";
  return task.fails >= kAttemptsMax ? "failed" : "done";
}

// One group's part of the account, by position or id.
class GroupJudge final {
 public:
  GroupJudge(const Scenario& scenario, const Account& account, const Team& team)
      : scenario_{scenario},
        account_{account},
        team_{team},
        group_{team.plan.group},
        disturbed_{account.disturbed.contains(group_)} {
    for (const transport::DeadLetter& letter : account.letters) {
      if (letter.group == group_ && !letters_.emplace(letter.position, &letter).second)
        broken("P2: {} is a dead letter twice", letter.record.id);
    }
    for (const Entry& entry : account.entries) {
      if (entry.group != group_) continue;
      if (entry.step == "begin") ++begins_[entry.id];
      if (entry.step == "end") ends_[entry.id].push_back(entry.attempt);
    }
    for (const Decided& decided : account.decisions) {
      if (decided.group == group_) decisions_[decided.position].push_back(&decided);
    }
    const auto head = account.heads.find(group_);
    for (const Logged& task : account.tasks) {
      ++copies_[task.record.id];
      shares_[task.record.id] =
          head == account.heads.end() ? Share::all : share_behind(head->second, account, task.record.id);
    }
  }

  Found judge() {
    for (const Logged& task : account_.tasks) {
      const Share share = shares_[task.record.id];
      if (share == Share::all) judge(task);
      if (share == Share::none && begins_.contains(task.record.id))
        broken("P3: {} came to a group that starts behind it", task.record.id);
    }
    expect_true_counters();
    if (team_.plan.inbox) expect_effects();
    return std::move(found_);
  }
  std::string fate(const std::string& id) const {
    const auto sending = std::ranges::find(scenario_.sendings, id, &Sending::id);
    return sending == scenario_.sendings.end() ? "" : fate_of(*sending, group_);
  }
  const Task& task_of(const std::string& id) const {
    return std::ranges::find(scenario_.sendings, id, &Sending::id)->task;
  }
  // Whether it was done, at once or by a replay.
  bool done(const std::string& id) const { return ends_.contains(id); }
  const std::string& group() const { return group_; }

 private:
  template <class... Arguments>
  void broken(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    found_.push_back(fmt::format("{}: ", group_) + fmt::format(text, std::forward<Arguments>(arguments)...));
  }

  void judge(const Logged& task) {
    const std::string& id = task.record.id;
    const std::string fate = this->fate(id);
    const bool replayed = account_.replayed.contains({group_, task.position});
    const std::string expected = replayed ? "done" : fate;
    const auto letter = letters_.find(task.position);
    const bool dead = letter != letters_.end();
    if (expected == "done" || expected == "unhandled") {
      if (dead) return broken("P5: {} must be {}, and is a dead letter: {}", id, expected, letter->second->reason);
    } else if (!dead) {
      return broken("P2: {} must be a dead letter ({}), and is none", id, expected);
    } else {
      judge(task, *letter->second, expected);
    }
    if (expected == "done") judge_runs(task, replayed);
    judge_decisions(task, fate, replayed);
  }

  void judge(const Logged& task, const transport::DeadLetter& letter, const std::string& fate) {
    const std::string& id = task.record.id;
    if (letter.reason != fate) broken("P6: the dead letter {} is {}, not {}", id, letter.reason, fate);
    if (letter.record != task.record) broken("P6: the dead letter {} is not the event as it came", id);
    if (fate == "failed" && letter.attempts != kAttemptsMax)
      broken("P5: {} was given up after {} attempts", id, letter.attempts);
    if (fate == "crashed" && letter.crashes != kCrashesMax)
      broken("P5: {} was quarantined after {} crashes", id, letter.crashes);
    if (fate == "undecodable" && begins_.contains(id)) broken("P6: {} was handled", id);
    if (fate != "rejected" && ends_.contains(id)) broken("P5: {} was done, and is a dead letter", id);
  }

  void judge_runs(const Logged& task, bool replayed) {
    const std::string& id = task.record.id;
    const auto ends = ends_.find(id);
    if (ends == ends_.end()) return broken("P1: {} is lost: it was never done", id);
    const Task& asked = task_of(id);
    const bool trouble = asked.trouble_in.empty() || asked.trouble_in == group_;
    const int attempts = trouble && !replayed ? asked.fails + 1 : 1;
    for (const int attempt : ends->second) {
      if (attempt != attempts) broken("P5: {} was done in attempt {}, not in {}", id, attempt, attempts);
    }
    const bool once_more = team_.plan.inbox && copies_[id] > 1;
    if (!disturbed_ && !asked.refused && !once_more && begins_[id] != copies_[id] * attempts)
      broken("P3: {} ran {} times instead of {}, though nothing happened here", id, begins_[id],
             copies_[id] * attempts);
  }

  // Each outcome is decided once, and told; only a process that died, or heard no answer, tells nothing.
  void judge_decisions(const Logged& task, const std::string& fate, bool replayed) {
    int outcomes = 0;
    for (const Decided* decided : decisions_[task.position]) {
      const bool skipped = decided->step == Step::skipped;
      if (decided->step != Step::accepted && decided->step != Step::buried && !skipped) continue;
      ++outcomes;
      if (decided->step == Step::buried && to_string(decided->reason) != fate)
        broken("P6: {} was buried as {}, not as {}", task.record.id, to_string(decided->reason), fate);
      const Reason wanted = fate == "unhandled" ? Reason::unhandled : Reason::duplicate;
      if (skipped && decided->reason != wanted)
        broken("P6: {} was skipped as {}", task.record.id, to_string(decided->reason));
    }
    const int expected = replayed ? 2 : 1;
    if (outcomes > expected || (outcomes < expected && !disturbed_))
      broken("P6: {} has {} outcomes that were told, not {}", task.record.id, outcomes, expected);
  }

  void expect_true_counters() {
    if (disturbed_) return;
    for (const auto& [position, decisions] : decisions_) {
      for (const Decided* decided : decisions) {
        if (decided->crashes > 0) broken("P5: {} is charged a crash that nobody had", decided->id);
        if (decided->step == Step::refused || decided->step == Step::unsettled)
          broken("P2: a settlement of {} was refused, though nothing happened here", decided->id);
      }
    }
  }

  // P7: whatever comes twice, or runs twice.
  void expect_effects() {
    std::set<std::string> done;
    for (const auto& [id, copies] : copies_) {
      if (this->done(id)) done.insert(id);
    }
    const Found expected{done.begin(), done.end()};
    if (account_.effects == expected) return;
    for (const std::string& id : expected) {
      const auto count = std::ranges::count(account_.effects, id);
      if (count != 1) broken("P7: {} has {} effects", id, count);
    }
    for (const std::string& id : account_.effects) {
      if (!done.contains(id)) broken("P7: {} has an effect, and was never done", id);
    }
  }

  const Scenario& scenario_;
  const Account& account_;
  const Team& team_;
  const std::string group_;
  const bool disturbed_;
  std::map<transport::Position, const transport::DeadLetter*> letters_;
  std::map<transport::Position, std::vector<const Decided*>> decisions_;
  std::map<std::string, int> begins_;
  std::map<std::string, std::vector<int>> ends_;  // attempts
  std::map<std::string, int> copies_;             // in the log
  std::map<std::string, Share> shares_;           // of those, that are hers
  Found found_;
};

void add(Found& found, Found more) {
  found.insert(found.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

// P1: what was confirmed is there; in the order of confirmation where it was published once.
Found lost_events(const Scenario& scenario, const Account& account) {
  std::map<std::string, transport::Position> places;
  for (const Logged& task : account.tasks) places.emplace(task.record.id, task.position);
  std::map<std::string, std::map<int, std::string>> confirmed;  // by key, then in order
  Found found;
  for (const Sending& sending : scenario.sendings) {
    const auto told = account.told.find(sending.id);
    if (told == account.told.end() || !told->second.confirmed) continue;
    if (!places.contains(sending.id)) found.push_back("P1: " + sending.id + " was confirmed, and is not there");
    if (told->second.tries == 1) confirmed[sending.key][told->second.when] = sending.id;
  }
  for (const auto& [key, ids] : confirmed) {
    std::optional<std::string> before;
    for (const auto& [when, id] : ids) {
      if (before && places[id] < places[*before])
        found.push_back(fmt::format("P4: {} was confirmed after {}, and stands before it", id, *before));
      before = id;
    }
  }
  return found;
}

// P7, P2: as many different ids as its handlers succeeded with; nothing of attempts that failed.
Found wrong_outputs(const Scenario& scenario, const Account& account, const GroupJudge& judge) {
  std::map<std::string, std::set<std::string>> ids;  // by the task's id
  std::map<std::string, std::size_t> records, copies;
  for (const Logged& output : account.outputs) {
    if (output.group != judge.group()) continue;
    ids[output.causation].insert(output.record.id);
    ++records[output.causation];
  }
  for (const Logged& task : account.tasks) ++copies[task.record.id];
  Found found;
  for (const Sending& sending : scenario.sendings) {
    const std::size_t expected = judge.done(sending.id) ? static_cast<std::size_t>(sending.task.publishes) : 0;
    const std::size_t different = ids[sending.id].size();
    if (different != expected)
      found.push_back(fmt::format("P7: {}: {} has {} outputs of different ids, not {}", judge.group(), sending.id,
                                  different, expected));
    if (scenario.broker.transactional && records[sending.id] > copies[sending.id] * expected)
      found.push_back(fmt::format("P2: {}: {} has {} outputs, not {}", judge.group(), sending.id, records[sending.id],
                                  copies[sending.id] * expected));
  }
  return found;
}

Found judge_groups(const Scenario& scenario, const Account& account) {
  Found found;
  for (const Team& team : scenario.teams) {
    if (team.plan.broadcast) continue;
    GroupJudge judge{scenario, account, team};
    add(found, judge.judge());
    if (!scenario.is_full()) add(found, wrong_outputs(scenario, account, judge));
  }
  return found;
}

}  // namespace

std::vector<std::string> broken_promises(const Scenario& scenario, const Account& account) {
  Found found = account.complaints;
  if (!found.empty()) return found;  // the rest would only follow from that
  add(found, lost_events(scenario, account));
  add(found, judge_groups(scenario, account));
  add(found, overlaps(scenario, account));
  add(found, overtakings(scenario, account));
  add(found, crowds(scenario, account));
  add(found, early_retries(scenario, account));
  add(found, held_by_relaxed(scenario, account));
  add(found, begun_after_drains(account));
  add(found, suspects_in_company(account));
  add(found, reruns(scenario, account));
  add(found, wrong_broadcasts(scenario, account));
  add(found, overtaken_outputs(scenario, account));
  if (account.unanswered_max > scenario.buffer_records_max)
    found.push_back(fmt::format("P9: the publisher keeps {} events", account.unanswered_max));
  return found;
}

}  // namespace tidings::sim
