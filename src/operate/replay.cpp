#include "operate/replay.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "operate/moment.hpp"
#include "operate/topology.hpp"
#include "tidings/uuid.hpp"

namespace tidings::operate {

namespace {

using transport::GroupState;
using transport::HistoryRange;
using transport::Transport;

constexpr std::size_t kPage = 1'000;

HistoryRange range_of(const ReplayPlan& plan) {
  return {.topic = plan.topic, .from = plan.from, .to = plan.to, .key = plan.key};
}

Result<void> expect_reader(Transport& transport, const Group& group, const Topic& topic) {
  if (transport.operations().topology == nullptr) return {};
  const auto all = groups(transport);
  if (!all) return all.error();
  std::vector<std::string> readers;
  for (const GroupState& state : all->groups) {
    const auto& read = state.topics;
    if (std::find(read.begin(), read.end(), topic.str()) == read.end()) continue;
    if (state.name == group.str()) return {};
    readers.push_back(state.name);
  }
  if (readers.empty()) return invalid(fmt::format("no group reads the topic '{}', so none can replay it", topic.str()));
  return invalid(fmt::format("the group '{}' does not read the topic '{}'; these do: {}", group.str(), topic.str(),
                             fmt::join(readers, ", ")));
}

Result<std::uint64_t> count(transport::History& history, const HistoryRange& range) {
  std::uint64_t events = 0;
  transport::Cursor after;
  while (true) {
    std::size_t visited = 0;
    const auto next = history.read(range, after, kPage, [&visited](const transport::HistoryEntry&) {
      ++visited;
      return true;
    });
    if (!next) return next.error();
    if (visited == 0) return events;
    events += visited;
    after = *next;
  }
}

std::vector<std::string> notes_on(const ReplayPlan& plan) {
  if (plan.again) {
    return {"handlers run anew for every event, also where the inbox knows it: their effects happen once more"};
  }
  return {"an inbox drops what it knows; how many, the transport cannot tell. A group without an inbox handles all"};
}

}  // namespace

Result<ReplayPlan> plan_replay(Transport& transport, Executor& executor, const ReplayRequest& request) {
  const auto history = history_of(transport);
  if (!history) return history.error();
  if (auto there = expect_topic(transport, request.topic); !there) return there.error();
  if (auto reads = expect_reader(transport, request.group, request.topic); !reads) return reads.error();
  ReplayPlan plan{.group = request.group.str(),
                  .topic = request.topic.str(),
                  .from = request.from,
                  .to = request.to.value_or(executor.now()),
                  .again = request.again == Again::yes};
  if (request.key) plan.key = request.key->str();
  if (plan.from && *plan.from >= plan.to) {
    return invalid(fmt::format("the range ends at {}, not after it begins ({}); --to must be later than --from",
                               moment_text(plan.to), moment_text(*plan.from)));
  }
  const auto events = count(**history, range_of(plan));
  if (!events) return events.error();
  plan.events = *events;
  plan.notes = notes_on(plan);
  return plan;
}

Result<Replayed> replay(Transport& transport, const std::shared_ptr<Executor>& executor, const ReplayPlan& plan) {
  const auto history = history_of(transport);
  if (!history) return history.error();
  Replayed done;
  if (plan.again) done.replay_id = new_id(*executor);
  const auto replayed = (*history)->replay(range_of(plan), plan.group, done.replay_id);
  if (!replayed) return replayed.error();
  done.replayed = *replayed;
  return done;
}

}  // namespace tidings::operate
