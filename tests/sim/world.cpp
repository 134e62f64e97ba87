#include "tests/sim/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <stdexcept>

#include "tests/conformance/service/effects.hpp"
#include "tests/sim/cast.hpp"
#include "tidings/codec.hpp"
#include "transport/event_record.hpp"
#include "transport/memory/memory_transport.hpp"

namespace tidings::sim {

namespace {

using conformance::kDone;
using conformance::kTasks;
using memory::FaultPoint;
using namespace std::chrono_literals;

constexpr Duration kLook = 500ms;        // between looks for who died
constexpr Duration kSettledWithin = 2h;  // clocks that were set back hold retries up
constexpr Duration kPatience = 30s;      // of that, with short looks
constexpr Duration kLongLook = 20s;
constexpr Duration kHeard = 200ms;  // after which a restored process knows what it lost
constexpr Duration kSlowest = 30s;  // no handler takes that long
constexpr int kWorkersMax = 4;      // of a team
constexpr std::size_t kLettersMax = 10'000;

class Director final {
 public:
  explicit Director(const Scenario& scenario) : scenario_{scenario}, stage_{scenario}, client_{stage_} {}
  ~Director() { stage_.broker->heal(); }

  Account run();

 private:
  using Act = std::function<void()>;

  memory::MemoryBroker& broker() { return *stage_.broker; }
  transport::Operator operations() { return outside_->operations(); }
  void complain(std::string what) { stage_.account.complaints.push_back(std::move(what)); }
  void expect(const Result<void>& outcome, std::string_view what);

  void open();
  void plan_acts();
  void at(Duration when, Act act) { acts_.emplace(when, std::move(act)); }
  void after(Duration pause, Act act) { at(clock_ + pause, std::move(act)); }
  void act_all();
  void look();
  void let_others_go_on(int steps);

  void happen(const Trouble& trouble);
  void strike(const Trouble& trouble);
  void crash(const Trouble& trouble);
  void go_away(const Trouble& trouble);
  void cut_off(const Trouble& trouble);
  void drain(const Trouble& trouble);
  void join(const Trouble& trouble);
  void replay(const std::string& group);
  void disturb(const std::string& group);
  void disturb_all();
  void heal_after(Duration pause);
  void set_clock(Duration by, Duration ahead = {});
  void stale_for(const std::string& life, Duration pause);
  Post& post_of(const Trouble& trouble);
  const std::string& group_of(const Trouble& trouble) const;

  bool settled();
  void wait_until_settled();
  void end();
  void tell();
  std::vector<Logged> log_of(const std::string& topic);

  const Scenario& scenario_;
  Stage stage_;
  std::unique_ptr<transport::Transport> outside_;
  std::vector<std::vector<std::unique_ptr<Post>>> teams_;
  Client client_;
  std::multimap<Duration, Act> acts_;  // by the director's own clock, which nobody sets
  Duration clock_{};
  int hurt_ = 0;  // faults that may still strike
};

void Director::expect(const Result<void>& outcome, std::string_view what) {
  if (!outcome) complain(fmt::format("{}: {}", what, outcome.error().message));
}

Account Director::run() {
  open();
  plan_acts();
  act_all();
  broker().heal();
  hurt_ = 0;
  stage_.note("late");
  wait_until_settled();
  if (stage_.account.complaints.empty()) {
    replay(scenario_.teams.front().plan.group);
    wait_until_settled();
  }
  tell();
  end();
  return std::move(stage_.account);
}

void Director::open() {
  outside_ = broker().open("outside");
  teams_.resize(scenario_.teams.size());
  for (std::size_t team = 0; team < scenario_.teams.size(); ++team) {
    auto& posts = teams_[team];
    const auto add = [this, team, &posts] {
      for (int number = 0; number < scenario_.teams[team].instances; ++number)
        posts.push_back(std::make_unique<Post>(stage_, static_cast<int>(team), number));
    };
    if (scenario_.teams[team].comes > Duration{}) {
      at(scenario_.teams[team].comes, add);  // they begin at the next look
    } else {
      add();
      for (const auto& post : posts) expect(post->begin(), "a worker did not start");
    }
    for (const Sending& sending : scenario_.sendings) {
      const std::string& group = scenario_.teams[team].plan.group;
      const bool hers = sending.task.trouble_in.empty() || sending.task.trouble_in == group;
      const bool disturbs = sending.task.poison || sending.task.rolls_back;
      if (sending.kind == Sending::Kind::task && disturbs && hers) stage_.account.disturbed.insert(group);
    }
  }
  for (const Team& team : scenario_.teams) {
    if (team.plan.commits_refused > 0) disturb(team.plan.group);
  }
  expect(client_.begin(), "the client did not start");
}

void Director::plan_acts() {
  for (const Sending& sending : scenario_.sendings) at(sending.at, [&] { client_.publish(sending); });
  for (const Trouble& trouble : scenario_.troubles) at(trouble.at, [&] { happen(trouble); });
}

void Director::act_all() {
  while (!acts_.empty() && stage_.account.complaints.empty()) {
    const Duration next = std::min(acts_.begin()->first, clock_ + kLook);
    if (next > clock_) stage_.executor->sleep_until(stage_.now() + (next - clock_));
    clock_ = std::max(clock_, next);
    while (!acts_.empty() && acts_.begin()->first <= clock_) {
      const Act act = std::move(acts_.begin()->second);
      acts_.erase(acts_.begin());
      act();
    }
    look();
  }
}

void Director::look() {
  for (auto& posts : teams_) {
    for (auto& post : posts) {
      if (post->vacant())
        static_cast<void>(post->begin());  // or at the next look: it may wait for what holds a database
    }
  }
  client_.publish_refused();
}

void Director::let_others_go_on(int steps) {
  for (int step = 0; step < steps; ++step) stage_.executor->sleep_until(stage_.now());
}

Post& Director::post_of(const Trouble& trouble) {
  auto& posts = teams_[static_cast<std::size_t>(trouble.team)];
  return *posts[static_cast<std::size_t>(trouble.worker) % posts.size()];
}

const std::string& Director::group_of(const Trouble& trouble) const {
  return scenario_.teams[static_cast<std::size_t>(trouble.team)].plan.group;
}

void Director::disturb(const std::string& group) {
  stage_.account.disturbed.insert(group);
}

void Director::disturb_all() {
  for (const Team& team : scenario_.teams) disturb(team.plan.group);
}

void Director::happen(const Trouble& trouble) {
  if (teams_[static_cast<std::size_t>(trouble.team)].empty() || post_of(trouble).life().empty())
    return;  // nobody is there
  let_others_go_on(trouble.steps);
  stage_.note(("trouble: " + to_string(trouble.harm)).c_str(), post_of(trouble).life());
  switch (trouble.harm) {
    case Harm::fault:
      return strike(trouble);
    case Harm::away:
      return go_away(trouble);
    case Harm::crash:
      return crash(trouble);
    case Harm::client_crash:
      client_.crash();
      return expect(client_.begin(), "the client did not start again");
    case Harm::cut_off:
      return cut_off(trouble);
    case Harm::drain:
      return drain(trouble);
    case Harm::join:
      return join(trouble);
    case Harm::clock:
      return set_clock(trouble.lasts);
    case Harm::replay:
      return replay(group_of(trouble));
  }
}

// `ahead`: of the director's own clock, which stands while he waits.
void Director::set_clock(Duration by, Duration ahead) {
  if (by < Duration{}) {
    stage_.account.set_back.emplace_back(stage_.account.entries.size(), -by);
  } else if (scenario_.broker.revoke_within) {  // what is being handed over may be lost
    disturb_all();
    stale_for({}, ahead);
  }
  stage_.executor->jump(by);
}

void Director::heal_after(Duration pause) {
  ++hurt_;
  after(pause, [this] {
    broker().heal();
    --hurt_;
  });
}

// And what it takes to hear of what was lost then.
void Director::stale_for(const std::string& life, Duration pause) {
  stage_.note("stale", life);
  after(pause + kHeard, [this, life] { stage_.note("fresh", life); });
}

void Director::strike(const Trouble& trouble) {
  memory::Fault fault = trouble.fault;
  if (!trouble.anywhere) fault.process = post_of(trouble).life();
  trouble.anywhere ? disturb_all() : disturb(group_of(trouble));
  // Who does not hear that it has to give something up may work on after that.
  if (fault.point == FaultPoint::receive && scenario_.broker.revoke_within) stale_for(fault.process, trouble.lasts);
  broker().inject(fault);
  heal_after(trouble.lasts);
}

void Director::go_away(const Trouble& trouble) {
  disturb_all();
  if (scenario_.broker.revoke_within) stale_for({}, trouble.lasts);
  for (const FaultPoint point : {FaultPoint::publish, FaultPoint::settle, FaultPoint::receive}) {
    broker().inject(
        {.point = point, .harm = trouble.anywhere ? memory::Harm::hang : memory::Harm::refuse, .times = SIZE_MAX});
  }
  heal_after(trouble.lasts);
}

void Director::crash(const Trouble& trouble) {
  disturb(group_of(trouble));
  if (trouble.fault.harm != memory::Harm::crash) return post_of(trouble).crash();
  memory::Fault fault = trouble.fault;
  fault.process = post_of(trouble).life();
  broker().inject(fault);
}

void Director::cut_off(const Trouble& trouble) {
  const std::string life = post_of(trouble).life();
  if (!broker().lives(life)) return;
  disturb(group_of(trouble));
  ++hurt_;
  broker().cut_off(life);
  after(trouble.lasts, [this, life] {
    broker().restore(life);
    --hurt_;
  });
}

void Director::drain(const Trouble& trouble) {
  Post& post = post_of(trouble);
  const bool hurt = hurt_ > 0;
  const bool patient = scenario_.teams[static_cast<std::size_t>(trouble.team)].plan.stop_within > kSlowest;
  const Duration began = stage_.executor->uptime();
  std::unique_ptr<Thread> setter;
  if (trouble.jumps != Duration{}) {
    setter = stage_.executor->spawn("clock", [&] {
      stage_.executor->sleep_until(stage_.now() + trouble.jumps_after);
      set_clock(trouble.jumps, stage_.executor->uptime() - began);
    });
  }
  const auto drained = post.drain();
  setter.reset();
  clock_ += stage_.executor->uptime() - began;
  if (!hurt && patient) expect(drained, "P8: a drain did not end in time");
  if (!drained) disturb(group_of(trouble));
}

void Director::join(const Trouble& trouble) {
  auto& posts = teams_[static_cast<std::size_t>(trouble.team)];
  if (posts.size() >= kWorkersMax) return;
  posts.push_back(std::make_unique<Post>(stage_, trouble.team, static_cast<int>(posts.size())));
}

void Director::replay(const std::string& group) {
  transport::DeadLetters& dead = *operations().dead_letters;
  const auto letters = dead.browse({.group = group, .reason = "rejected"}, {}, kLettersMax);
  if (!letters) return complain("dead letters: " + letters.error().message);
  for (const transport::DeadLetter& letter : *letters) {
    const auto done = dead.replay(letter.id);
    if (!done || !*done) return complain("a dead letter was not replayed");
    stage_.account.replayed.insert({group, letter.position});
    stage_.note("replay", {}, group, letter.record.id);
  }
}

bool Director::settled() {
  const auto lags = operations().topology->lag();
  if (!lags) return false;
  return !client_.busy() &&
         std::ranges::all_of(*lags, [](const transport::LagState& lag) { return lag.unsettled == 0; });
}

void Director::wait_until_settled() {
  for (Duration waited{}; waited < kSettledWithin;) {
    if (settled()) return;
    const Duration pause = waited < kPatience ? kLook : kLongLook;
    stage_.executor->sleep_until(stage_.now() + pause);
    waited += pause;
    look();
  }
  std::string left;
  const auto lags = operations().topology->lag().value();
  for (const transport::LagState& lag : lags) {
    if (lag.unsettled > 0) left += fmt::format(" {} of group {}", lag.unsettled, lag.group);
  }
  complain(fmt::format("P10: not all is settled though nothing is in the way:{}{}", left,
                       client_.busy() ? ", the client is not told" : ""));
}

void Director::end() {
  for (auto& posts : teams_) {
    for (auto& post : posts) expect(post->drain(), "P8: the last drain did not end in time");
  }
}

std::vector<Logged> Director::log_of(const std::string& topic) {
  std::vector<Logged> log;
  const auto keep = [&](const transport::HistoryEntry& entry) {
    Logged logged{.position = entry.position, .record = transport::to_record(entry.record)};
    if (topic == kDone) {
      Envelope envelope = transport::envelope_of(entry.record);
      conformance::Done done;
      const auto read = Codecs{}.standard().decode(outside_->capabilities().profile, *entry.record.body, envelope,
                                                   tidings::describe<conformance::Done>(), &done);
      if (!read) complain("an output: " + read.error().message);
      logged.causation = envelope.causation_id;
      logged.attempt = done.attempt;
      logged.group = done.group;
    }
    log.push_back(std::move(logged));
    return true;
  };
  static_cast<void>(operations().history->read({.topic = topic}, {}, SIZE_MAX, keep));  // invalid: no such topic
  return log;
}

void Director::tell() {
  Account& account = stage_.account;
  for (const auto& [life, group] : stage_.living) account.survivors.insert(life);
  stage_.read_tasks();
  account.outputs = log_of(kDone);
  if (auto letters = operations().dead_letters->browse({}, {}, kLettersMax)) account.letters = *std::move(letters);
  if (std::ranges::any_of(scenario_.teams, [](const Team& team) { return team.plan.inbox; }))
    account.effects = conformance::effects_in(stage_.scratch.path(), stage_.executor);
  for (const auto* log : {&account.tasks, &account.outputs}) {
    for (const Logged& each : *log) {
      account.trace += fmt::format("{} {}/{} {} {}\n", each.record.topic, each.position.partition, each.position.offset,
                                   each.record.id, each.record.body.value_or(""));
    }
  }
  for (const transport::DeadLetter& letter : account.letters) {
    account.trace += fmt::format("dead {} {} {} {} {} {}\n", letter.id, letter.group, letter.record.id, letter.reason,
                                 letter.attempts, letter.crashes);
  }
}

}  // namespace

Account carry_out(const Scenario& scenario) {
  return Director{scenario}.run();
}

}  // namespace tidings::sim
