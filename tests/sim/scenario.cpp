#include "tests/sim/scenario.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>

#include "tests/conformance/service/mortal_inbox.hpp"

namespace tidings::sim {

namespace {

using memory::FaultMoment;
using memory::FaultPoint;
using namespace std::chrono_literals;

constexpr Duration kBusy = 15s;  // so long events come
constexpr Duration kRevokeWithin = 5s;
constexpr Duration kStrictHoldMax = 20s;
constexpr Duration kTakesMax =
    2s;  // less than kRevokeWithin: nobody is inside a handler when a partition is taken away
constexpr Duration kSlowMax = 20s;  // where partitions are not taken away
constexpr Duration kTimeout = 10s;  // which slow handlers pass
constexpr Duration kBurstEvery = 3s;
constexpr int kStepsMax = 60;
constexpr auto kShortStop = 1s;  // shorter than some handlers
constexpr auto kLongStop = 60s;
constexpr Duration kJumpsWithin = 1500ms;  // of a drain: also while what is late is left alone

// Draws in one order, by operations that are the same everywhere.
class Draw final {
 public:
  explicit Draw(std::uint64_t seed) : random_{seed} {}
  int below(int limit) { return static_cast<int>(random_() % static_cast<std::uint64_t>(limit)); }
  int from(int least, int most) { return least + below(most - least + 1); }
  bool one_in(int chance) { return below(chance) == 0; }
  Duration below(Duration limit) { return Duration{below(static_cast<int>(limit / 1ms)) * 1ms}; }

 private:
  std::mt19937_64 random_;
};

std::chrono::milliseconds ms(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration);
}

memory::MemoryOptions draw_broker(Draw& draw) {
  memory::MemoryOptions options{.partitions = draw.from(1, 8)};
  if (draw.one_in(2)) options.revoke_within = kRevokeWithin;
  if (draw.one_in(4)) options.strict_hold_max = kStrictHoldMax;
  options.transactional = !draw.one_in(3);
  if (draw.one_in(6)) options.records_max = static_cast<std::size_t>(draw.from(25, 60));
  if (draw.one_in(3)) options.suspect_window = static_cast<std::size_t>(draw.from(4, 100));
  return options;
}

Team draw_team(Draw& draw, std::string group) {
  Team team;
  team.plan.group = std::move(group);
  team.plan.concurrency = draw.from(1, 4);
  team.plan.attempts_max = kAttemptsMax;
  team.plan.delay_first = ms(draw.below(1500ms) + 100ms);
  team.plan.timeout = ms(kTimeout);
  team.plan.in_flight_max = static_cast<std::size_t>(draw.from(4, 60));
  team.plan.stop_within = draw.one_in(4) ? kShortStop : kLongStop;
  team.plan.inbox = team.plan.group == "books";
  team.plan.relaxed = team.plan.group == "side";
  team.plan.from_end = team.plan.group == "late" || team.plan.group == "radio";
  team.plan.broadcast = team.plan.group == "radio";
  if (team.plan.inbox && draw.one_in(2)) team.plan.commits_refused = draw.from(3, 9);
  team.instances = draw.from(1, 2);
  if (team.plan.from_end || team.plan.broadcast) team.comes = draw.below(kBusy);
  return team;
}

std::vector<Team> draw_teams(Draw& draw) {
  std::vector<Team> teams{draw_team(draw, "shop")};
  if (draw.one_in(2)) teams.push_back(draw_team(draw, "books"));
  if (draw.one_in(2)) teams.push_back(draw_team(draw, "side"));
  if (draw.one_in(4)) teams.push_back(draw_team(draw, "late"));
  if (draw.one_in(4)) teams.push_back(draw_team(draw, "radio"));
  return teams;
}

Task draw_task(Draw& draw, int number, const Scenario& scenario) {
  Task task{.number = number, .refused = draw.one_in(20), .poison = draw.one_in(40)};
  if (draw.one_in(4) && !task.refused) task.fails = draw.from(1, kAttemptsMax);
  if (draw.one_in(3)) task.throws = "exception";
  if (!draw.one_in(3)) task.takes = ms(draw.below(400ms));
  if (draw.one_in(15)) {
    task.first_takes = ms(draw.below(scenario.broker.revoke_within ? kTakesMax - 400ms : kSlowMax));
  }
  task.publishes = draw.below(3);
  // A broadcast has no trouble: each of its processes begins anew.
  const int troubled = static_cast<int>(scenario.teams.size()) - (scenario.team("radio") != nullptr ? 1 : 0);
  if (scenario.team("radio") != nullptr || draw.one_in(2))
    task.trouble_in = scenario.teams[draw.below(troubled)].plan.group;
  if (scenario.is_full()) {  // dead letters would fill it for good
    task.refused = task.poison = false;
    task.fails = std::min(task.fails, kAttemptsMax - 1);
  }
  task.rolls_back = task.trouble_in == "books" && task.fails > 0 && draw.one_in(2);
  return task;
}

std::vector<Sending> draw_sendings(Draw& draw, const Scenario& scenario) {
  const int count = draw.from(15, 40), keys = scenario.bursts ? draw.from(1, 2) : draw.from(1, 8);
  std::vector<Sending> sendings;
  for (int number = 0; number < count; ++number) {
    Sending sending{.at = draw.one_in(3) ? Duration{} : draw.below(kBusy),
                    .id = fmt::format("task-{}", number),
                    .key = fmt::format("k{}", draw.below(keys))};
    sending.task = draw_task(draw, number, scenario);
    if (scenario.bursts) {
      sending.at -= sending.at % kBurstEvery;
      sending.task.takes = sending.task.first_takes = {};
      sending.task.publishes = std::max(sending.task.publishes, 1);
    }
    if (draw.one_in(40) && !scenario.is_full())
      sending.kind = draw.one_in(2) ? Sending::Kind::undecodable : Sending::Kind::unhandled;
    sendings.push_back(std::move(sending));
  }
  std::ranges::stable_sort(sendings, {}, &Sending::at);
  return sendings;
}

memory::Fault draw_fault(Draw& draw) {
  memory::Fault fault{.point = std::array{FaultPoint::publish, FaultPoint::settle, FaultPoint::receive}[draw.below(3)],
                      .moment = draw.one_in(2) ? FaultMoment::before : FaultMoment::after,
                      .harm = memory::Harm::refuse,
                      .skip = static_cast<std::size_t>(draw.below(15)),
                      .times = static_cast<std::size_t>(draw.from(1, 4))};
  if (draw.one_in(3)) fault.harm = draw.one_in(2) ? memory::Harm::hang : memory::Harm::drop;
  if (draw.one_in(8)) fault.error = overloaded("no room by a fault of the test");
  // What a receive has taken is lost with its answer, which happens with the connection, or the process, alone.
  if (fault.point == FaultPoint::receive && fault.harm != memory::Harm::drop) fault.moment = FaultMoment::before;
  return fault;
}

Duration draw_jump(Draw& draw) {
  return draw.one_in(2) ? draw.below(10min) : -draw.below(5min);
}

Trouble draw_trouble(Draw& draw, const Scenario& scenario) {
  constexpr Harm kHarms[] = {Harm::fault, Harm::fault, Harm::fault,        Harm::away,    Harm::crash,
                             Harm::crash, Harm::crash, Harm::client_crash, Harm::cut_off, Harm::drain,
                             Harm::join,  Harm::clock, Harm::replay};
  Trouble trouble{.harm = kHarms[draw.below(std::size(kHarms))],
                  .at = draw.below(kBusy + 3s),
                  .steps = draw.below(kStepsMax),
                  .team = draw.below(static_cast<int>(scenario.teams.size())),
                  .worker = draw.below(4),
                  .lasts = draw.below(15s) + 1ms,
                  .fault = draw_fault(draw),
                  .anywhere = draw.one_in(4)};
  if (trouble.harm == Harm::crash && draw.one_in(2)) {  // at a step of the broker instead of a time
    trouble.fault.harm = memory::Harm::crash;
    trouble.fault.moment = draw.one_in(2) ? FaultMoment::before : FaultMoment::after;
    trouble.fault.times = 1;
  }
  if (trouble.harm == Harm::fault && scenario.bursts) {  // between settlements that publish
    trouble.fault.point = FaultPoint::settle;
    trouble.fault.times = 1;
  }
  if (trouble.harm == Harm::clock) trouble.lasts = draw_jump(draw);
  return trouble;
}

std::vector<Trouble> draw_troubles(Draw& draw, const Scenario& scenario) {
  const int count = draw.one_in(10) ? 0 : draw.from(1, 7);
  std::map<int, int> crashes;
  std::vector<Trouble> troubles;
  for (int i = 0; i < count; ++i) {
    Trouble trouble = draw_trouble(draw, scenario);
    const bool hard = trouble.harm == Harm::drain &&
                      scenario.teams[static_cast<std::size_t>(trouble.team)].plan.stop_within < kLongStop;
    if ((hard || trouble.harm == Harm::crash) && ++crashes[trouble.team] > kRandomCrashesMax) trouble.harm = Harm::join;
    troubles.push_back(std::move(trouble));
  }
  std::ranges::stable_sort(troubles, {}, &Trouble::at);
  return troubles;
}

// A step of the inbox at which the first process of a team dies: one of its random crashes.
void draw_inbox_crash(Draw& draw, Scenario& scenario) {
  for (std::size_t team = 0; team < scenario.teams.size(); ++team) {
    if (!scenario.teams[team].plan.inbox || !draw.one_in(2)) continue;
    const auto first = std::ranges::find_if(scenario.troubles, [&](const Trouble& trouble) {
      return trouble.harm == Harm::crash && trouble.team == static_cast<int>(team);
    });
    if (first != scenario.troubles.end()) scenario.troubles.erase(first);
    scenario.teams[team].plan.dies_at = conformance::kInboxSteps[draw.below(std::size(conformance::kInboxSteps))];
    scenario.teams[team].plan.dies_after = draw.from(1, 12);
  }
}

void draw_jumps(Draw& draw, Scenario& scenario) {
  for (Trouble& trouble : scenario.troubles) {
    if (trouble.harm != Harm::drain || draw.one_in(3)) continue;
    trouble.jumps = draw_jump(draw);
    trouble.jumps_after = draw.below(kJumpsWithin);
  }
}

std::string describe(const Trouble& trouble, const Scenario& scenario) {
  std::string text = fmt::format("{:>6} ms +{:<2} {} ", trouble.at / 1ms, trouble.steps, to_string(trouble.harm));
  if (trouble.harm == Harm::clock || trouble.harm == Harm::away || trouble.harm == Harm::cut_off)
    text += fmt::format("{} ms ", trouble.lasts / 1ms);
  if (trouble.harm != Harm::clock && trouble.harm != Harm::away && trouble.harm != Harm::client_crash)
    text += fmt::format("of {} {} ", scenario.teams[trouble.team].plan.group, trouble.worker);
  if (trouble.jumps != Duration{})
    text += fmt::format("clock {} ms after {} ms ", trouble.jumps / 1ms, trouble.jumps_after / 1ms);
  const memory::Fault& fault = trouble.fault;
  if (trouble.harm == Harm::fault || fault.harm == memory::Harm::crash) {
    constexpr const char* kPoints[] = {"publish", "settle", "receive"};
    constexpr const char* kHarmNames[] = {"refuse", "hang", "drop", "cut off", "crash"};
    text +=
        fmt::format("{} {} {} +{} x{}{}", kHarmNames[static_cast<int>(fault.harm)],
                    fault.moment == FaultMoment::before ? "before" : "after", kPoints[static_cast<int>(fault.point)],
                    fault.skip, fault.times, trouble.anywhere ? " anywhere" : "");
  }
  return text;
}

std::string describe(const Sending& sending) {
  const Task& task = sending.task;
  if (sending.kind != Sending::Kind::task) {
    return fmt::format("{:>6} ms {} {} {}", sending.at / 1ms, sending.id, sending.key,
                       sending.kind == Sending::Kind::undecodable ? "undecodable" : "unhandled");
  }
  return fmt::format("{:>6} ms {} {}: fails {}{}{}{}, takes {} + {} ms, publishes {}{}{}", sending.at / 1ms, sending.id,
                     sending.key, task.fails, task.refused ? ", refused" : "", task.poison ? ", poison" : "",
                     task.rolls_back ? ", rolls back" : "", task.takes.count(), task.first_takes.count(),
                     task.publishes, task.trouble_in.empty() ? "" : ", trouble in ", task.trouble_in);
}

}  // namespace

std::string to_string(Harm harm) {
  constexpr const char* kNames[] = {"fault", "away", "crash", "client crash", "cut off",
                                    "drain", "join", "clock", "replay"};
  return kNames[static_cast<int>(harm)];
}

const Team* Scenario::team(const std::string& group) const {
  const auto found = std::ranges::find_if(teams, [&](const Team& team) { return team.plan.group == group; });
  return found == teams.end() ? nullptr : &*found;
}

bool Scenario::is_full() const {
  return broker.records_max < memory::MemoryOptions{}.records_max;
}

Scenario scenario_of(std::uint64_t seed) {
  Draw draw{seed};
  Scenario scenario{.seed = seed, .broker = draw_broker(draw), .teams = draw_teams(draw)};
  scenario.bursts = draw.one_in(5);
  scenario.sendings = draw_sendings(draw, scenario);
  scenario.troubles = draw_troubles(draw, scenario);
  scenario.buffer_records_max = static_cast<std::size_t>(draw.one_in(3) ? draw.from(1, 10) : 1'000);
  draw_inbox_crash(draw, scenario);
  draw_jumps(draw, scenario);
  return scenario;
}

std::string describe(const Scenario& scenario) {
  const memory::MemoryOptions& broker = scenario.broker;
  std::string text = fmt::format("seed {}: {} partitions{}{}{}, {} records, suspect window {}, publisher keeps {}\n",
                                 scenario.seed, broker.partitions, broker.revoke_within ? ", revokes within 5 s" : "",
                                 broker.strict_hold_max ? ", holds 20 s at most" : "",
                                 broker.transactional ? "" : ", without transactions", broker.records_max,
                                 broker.suspect_window, scenario.buffer_records_max);
  for (const Team& team : scenario.teams) {
    text += fmt::format(
        "  {} x {}{}{}: concurrency {}, in flight {}, first delay {} ms, stops within {} s, comes at {} ms{}{}{}\n",
        team.instances, team.plan.group, team.plan.inbox ? ", inbox" : "", team.plan.relaxed ? ", relaxed" : "",
        team.plan.concurrency, team.plan.in_flight_max, team.plan.delay_first.count(), team.plan.stop_within / 1s,
        team.comes / 1ms, team.plan.commits_refused > 0 ? ", commits refused" : "",
        team.plan.dies_at.empty() ? "" : ", dies at ", team.plan.dies_at);
  }
  for (const Sending& sending : scenario.sendings) text += "  " + describe(sending) + "\n";
  for (const Trouble& trouble : scenario.troubles) text += "  " + describe(trouble, scenario) + "\n";
  return text;
}

}  // namespace tidings::sim
