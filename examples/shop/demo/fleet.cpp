#include "fleet.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <deque>
#include <fstream>

namespace shop {

using tidings::Result;

namespace {

constexpr std::size_t kLogLinesShown = 5;

std::string last_lines(const std::string& path) {
  std::ifstream file{path};
  std::deque<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    lines.push_back(std::move(line));
    if (lines.size() > kLogLinesShown) lines.pop_front();
  }
  std::string text;
  for (const auto& line : lines) text += "\n  " + line;
  return text;
}

std::string complaint(const FleetMember& plan, const Child::End& end) {
  return fmt::format("{} {}; its log {} ends with:{}", plan.name, to_string(end), plan.command.log,
                     last_lines(plan.command.log));
}

}  // namespace

Fleet::Fleet(std::vector<FleetMember> members, tidings::Executor& executor) : executor_{executor} {
  for (auto& plan : members) members_.push_back({.plan = std::move(plan)});
}

Result<void> Fleet::start(Member& member) {
  auto child = Child::start(member.plan.command);
  if (!child) return child.error();
  member.child = std::move(*child);
  return {};
}

Result<void> Fleet::start() {
  for (auto& member : members_) {
    if (member.child) continue;
    if (auto started = start(member); !started) return started;
  }
  return {};
}

Result<void> Fleet::check() {
  for (auto& member : members_) {
    if (!member.child) continue;
    if (const auto end = member.child->ended()) return tidings::unavailable(complaint(member.plan, *end));
  }
  return {};
}

Result<void> Fleet::crash(std::size_t index) {
  auto& member = members_[index];
  if (const auto end = member.child->ended()) return tidings::unavailable(complaint(member.plan, *end));
  ++member.crashes;
  member.child.reset();
  return start(member);
}

Result<void> Fleet::stop(tidings::Time deadline) {
  for (auto& member : members_)
    if (member.child) member.child->send(SIGTERM);

  std::string complaints;
  for (auto& member : members_) {
    if (!member.child) continue;
    if (!member.child->wait(deadline, executor_)) {
      complaints += fmt::format("{} did not drain in time and was killed\n", member.plan.name);
    } else if (const auto end = member.child->ended(); !end->clean() && end->signal != SIGTERM) {
      // One that was just started may be told to stop before it listens to signals; it has begun nothing.
      complaints += complaint(member.plan, *end) + '\n';
    }
    member.child.reset();
  }
  if (complaints.empty()) return {};
  complaints.pop_back();
  return tidings::unavailable(std::move(complaints));
}

int Fleet::crashes() const {
  int sum = 0;
  for (const auto& member : members_) sum += member.crashes;
  return sum;
}

Chaos::Chaos(std::uint64_t seed, tidings::Duration interval, tidings::Time begin) : random_{seed}, interval_{interval} {
  schedule(begin);
}

void Chaos::schedule(tidings::Time from) {
  std::uniform_int_distribution<tidings::Duration::rep> spread{interval_.count() / 2, interval_.count() * 3 / 2};
  next_ = from + tidings::Duration{spread(random_)};
}

std::optional<std::size_t> Chaos::due(tidings::Time now, std::size_t members) {
  if (now < next_) return std::nullopt;
  schedule(now);
  return std::uniform_int_distribution<std::size_t>{0, members - 1}(random_);
}

}  // namespace shop
