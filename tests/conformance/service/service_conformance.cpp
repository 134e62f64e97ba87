#include "tests/conformance/service/service_conformance.hpp"

#include <algorithm>
#include <cstdlib>
#include <set>

#include "tests/conformance/service/effects.hpp"
#include "tidings/codec.hpp"

namespace tidings::conformance {

ServiceConformance::ServiceConformance() : journal_{fixture().directory()} {}

ServiceConformance::~ServiceConformance() {
  workers_.clear();
  client_.reset();
}

std::chrono::milliseconds ServiceConformance::units(double count) const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(count * unit());
}

void ServiceConformance::work(const WorkerPlan& plan) {
  workers_.erase(plan.instance);
  auto started = fixture().start_worker(plan);
  if (!started) throw std::runtime_error{started.error().message};
  workers_[plan.instance] = *std::move(started);
}

void ServiceConformance::feed(const FeederPlan& plan) {
  if (!capabilities().keeps_for_later) client();  // expects who comes later
  workers_.erase(plan.instance);
  auto started = fixture().start_feeder(plan);
  if (!started) throw std::runtime_error{started.error().message};
  workers_[plan.instance] = *std::move(started);
}

bool ServiceConformance::stop(const std::string& instance) {
  const auto stopped = try_stop(instance);
  EXPECT_TRUE(stopped) << stopped.error().message;
  return bool{stopped};
}

Bus& ServiceConformance::client() {
  if (client_ != nullptr) return *client_;
  client_ = std::make_unique<Bus>(fixture().open("client").value(), fixture().executor(),
                                  BusOptions{.name = "client", .publisher = publisher_options_});
  client_->publishes<Task>();
  const auto started = client_->start();
  if (!started) throw std::runtime_error{started.error().message};
  if (workers_.empty()) expect_group("shop", kTasks);
  return *client_;
}

std::string id_of(const Order& order) {
  return order.id.empty() ? "task-" + std::to_string(order.task.number) : order.id;
}

void ServiceConformance::send_async(const std::vector<Order>& orders,
                                    const std::function<void(Result<void>)>& answered) {
  for (const Order& order : orders) {
    client().publish_async(order.task, {.id = id_of(order), .aggregate_id = order.key}, answered);
  }
}

void ServiceConformance::send(const std::vector<Order>& orders) {
  const auto refusals = std::make_shared<std::atomic<int>>(0);
  send_async(orders, [refusals](const Result<void>& outcome) { *refusals += outcome ? 0 : 1; });
  const auto flushed = flush();
  ASSERT_TRUE(flushed) << flushed.error().message;
  ASSERT_EQ(*refusals, 0);
}

bool ServiceConformance::within(Duration expected, const std::function<bool()>& done) {
  const Time until = std::max(deadline(expected), soon());
  while (!done()) {
    if (now() >= until) return false;
    executor().sleep_until(now() + unit() / 20);
  }
  return true;
}

bool ServiceConformance::shared_by(std::size_t members, const std::string& group) {
  return within(fixture().hand_over_max(), [&] {
    const auto groups = here().operations().topology->groups();
    if (!groups) return false;
    for (const transport::GroupState& state : *groups) {
      if (state.name != group) continue;
      const auto owns = [](const transport::MemberState& member) { return member.partitions > 0; };
      return state.members.size() == members && std::ranges::all_of(state.members, owns);
    }
    return false;
  });
}

bool ServiceConformance::all_settled(const std::string& group) {
  const auto state = lag(group, kTasks);
  return state && state->unsettled == 0;
}

bool ServiceConformance::settled(const std::string& group, Duration expected) {
  return within(expected, [&] { return all_settled(group); });
}

void ServiceConformance::survive_kills(const WorkerPlan& plan, int kills) {
  for (int life = 1; life <= kills; ++life) {
    const std::size_t until = count("begin") + 5 + executor().random() % 25;
    ASSERT_TRUE(within(capabilities().takeover_max, [&] { return count("begin") >= until || all_settled("shop"); }));
    kill(plan.instance);
    work(plan);
  }
  // Without a running board, all that was in flight is suspect, and runs alone.
  const Duration alone = static_cast<int>(capabilities().suspect_window) * units(0.2);
  ASSERT_TRUE(settled("shop", 10 * capabilities().takeover_max + alone));
  EXPECT_TRUE(dead_letters().empty());
}

std::vector<Entry> ServiceConformance::entries(const std::string& step, const std::string& group) const {
  auto found = entries();
  std::erase_if(found, [&](const Entry& entry) { return entry.step != step || entry.group != group; });
  return found;
}

std::vector<std::string> ServiceConformance::decisions(const std::string& group) const {
  std::vector<std::string> found;
  for (const Entry& entry : entries("decided", group)) found.push_back(entry.decision);
  return found;
}

std::vector<std::string> ServiceConformance::decisions(std::size_t count, const std::string& group) {
  EXPECT_TRUE(within(unit(), [&] { return decisions(group).size() >= count; })) << "not so much was decided";
  return decisions(group);
}

std::vector<std::string> ServiceConformance::published() {
  std::vector<std::string> done;
  for (const auto& record : history(kDone)) {
    Done data;
    Envelope envelope;
    const auto read =
        Codecs{}.standard().decode(capabilities().profile, record.body.value_or(""), envelope, describe<Done>(), &data);
    EXPECT_TRUE(read) << read.error().message;
    done.push_back(std::to_string(data.number) + " " + std::to_string(data.attempt));
  }
  std::ranges::sort(done);
  return done;
}

std::set<std::string> ServiceConformance::output_ids() {
  std::set<std::string> ids;
  for (const auto& record : history(kDone)) ids.insert(record.id);
  return ids;
}

std::vector<std::string> ServiceConformance::effects() {
  return effects_in(fixture().directory(), fixture().executor());
}

bool long_run() {
  return std::getenv("TIDINGS_TEST_LONG") != nullptr;
}

std::vector<std::string> disorder(const std::vector<Entry>& entries) {
  struct Run {
    bool open = false;
    int last = -1;
  };
  std::map<std::string, Run> runs;
  std::vector<std::string> found;
  bool killing = false;
  for (const Entry& entry : entries) {
    if (entry.step.starts_with("kill")) {
      killing = entry.step == "killing";
      runs.clear();
    }
    if (killing || entry.step == "killed" || entry.step == "decided") continue;
    Run& run = runs[entry.group + " " + entry.key];
    const std::string at = entry.key + ": " + entry.step + " of " + std::to_string(entry.number);
    if (entry.step == "begin" && run.open) found.push_back(at + " during another run");
    if (entry.number < run.last) found.push_back(at + " after " + std::to_string(run.last));
    run = {.open = entry.step == "begin", .last = entry.number};
  }
  return found;
}

std::vector<std::string> overtaking(const std::vector<Entry>& entries, const std::vector<transport::Record>& log) {
  std::map<std::string, std::size_t> places;  // by id: the first, where it is there twice
  for (const transport::Record& record : log) places.emplace(record.id, places.size());
  std::map<std::string, std::pair<std::size_t, std::string>> last;  // by group, key and step: place and id
  std::set<std::string> seen;
  std::vector<std::string> found;
  for (const Entry& entry : entries) {
    if (entry.step != "begin" && entry.step != "end") continue;
    const auto place = places.find(entry.id);
    const std::string lane = entry.step + " " + entry.group + " " + entry.key;
    if (place == places.end() || !seen.insert(lane + " " + entry.id).second) continue;
    const std::pair here{place->second, entry.id};
    const auto [before, is_first] = last.emplace(lane, here);
    if (!is_first && here < before->second)
      found.push_back(lane + ": first of " + entry.id + " after " + before->second.second);
    before->second = std::max(before->second, here);
  }
  return found;
}

}  // namespace tidings::conformance
