// P1 to P10 at once: three groups in four processes, which fail, kill themselves, are killed, drained and cut off from
// the transport at random, while events come, some from a publisher that is killed, too. In the end each event has had
// its one outcome in each group.
#include <cstdlib>
#include <iostream>
#include <map>
#include <set>

#include "tests/conformance/service/service_conformance.hpp"

namespace tidings::conformance {

namespace {

using ::testing::IsEmpty;

constexpr int kKeys = 25;
constexpr int kBatch = 20;
constexpr int kAttemptsMax = 3;
constexpr int kSteps = 15;

// What the environment asks for: TIDINGS_SOAK_SEED draws the same disturbances again, TIDINGS_SOAK_STEPS more of them.
std::uint64_t asked(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::stoull(text);
}

// Ids of a feeder's events begin so.
constexpr const char* kFed = "feeder-";

// What must become of a task; of those that are given up, why.
std::string fate_of(const Task& task) {
  if (task.poison) return "crashed";
  if (task.refused) return "rejected";
  return task.fails >= kAttemptsMax ? "failed" : "done";
}

}  // namespace

void SoakConformance::SetUp() {
  const std::uint64_t seed = asked("TIDINGS_SOAK_SEED", executor().random());
  std::cout << "seed " << seed << "\n";
  random_.seed(seed);
  ways_ = fixture().interruptions();
  const auto plan = [&](const std::string& instance, const std::string& group) {
    WorkerPlan made;
    made.instance = instance;
    made.group = group;
    made.concurrency = 3;
    made.attempts_max = kAttemptsMax;
    made.delay_first = units(0.2);
    made.in_flight_max = 40;  // so that partitions are held back
    return made;
  };
  plans_ = {plan("shop-1", "shop"), plan("shop-2", "shop"), plan("books-1", "books"), plan("side-1", "side")};
  plans_[2].inbox = true;
  plans_[3].relaxed = true;
  for (const WorkerPlan& each : plans_) work(each);
  feed_anew();
}

// Another life, with keys of its own.
void SoakConformance::feed_anew() {
  feed({.instance = kFed + std::to_string(++feeders_), .threads = 2, .count = 50, .pause = units(0.1), .publishes = 1});
}

std::uint64_t SoakConformance::draw(std::uint64_t below) {
  return random_() % below;
}

bool SoakConformance::one_in(std::uint64_t chance) {
  return draw(chance) == 0;
}

Order SoakConformance::random_order() {
  const int number = static_cast<int>(orders_.size());
  Task task{.number = number, .refused = one_in(30), .poison = one_in(80), .takes = units(0.01 * double(draw(20)))};
  if (one_in(5)) task.fails = 1 + static_cast<int>(draw(kAttemptsMax));
  task.publishes = static_cast<int>(draw(3));
  return {task, "k" + std::to_string(draw(kKeys))};
}

void SoakConformance::send_some() {
  std::vector<Order> batch;
  for (int i = 0; i < kBatch; ++i) {
    orders_.push_back(random_order());
    batch.push_back(orders_.back());
  }
  send(batch);
}

void SoakConformance::revive() {
  for (const WorkerPlan& plan : plans_) {
    if (running(plan.instance)) continue;
    work(plan);
    note("killed");
  }
}

// Who loses its connection may still be inside of handlers when it is back, and its events go to others.
void SoakConformance::interrupt(Away how) {
  interrupted_.insert(how);
  if (how == Away::gone) note("killing");
  {
    const auto away = fixture().interrupt(how);
    pass(units(1));
  }
  if (how != Away::gone) return;
  pass(units(1));
  note("killed");
}

void SoakConformance::disturb() {
  const WorkerPlan& plan = plans_[draw(plans_.size())];
  switch (draw(5)) {
    case 0:
      note("killing");
      kill(plan.instance);
      if (one_in(2)) pass(units(0.5));
      return revive();
    case 1:
      static_cast<void>(try_stop(plan.instance));  // it may meet what kills it
      return revive();
    case 2:
      kill(kFed + std::to_string(feeders_));
      return feed_anew();
    case 3:
      return interrupt(ways_[draw(ways_.size())]);
    default:
      return pass(units(0.5));
  }
}

void SoakConformance::run(int steps) {
  for (int step = 0; step < steps; ++step) {
    send_some();
    disturb();
    revive();
  }
  for (const Away how : ways_) {  // each at least once, whatever was drawn
    if (interrupted_.contains(how)) continue;
    send_some();
    interrupt(how);
    revive();
  }
  ASSERT_TRUE(stop(kFed + std::to_string(feeders_)));
  // An inbox handles one after another.
  const Duration work = static_cast<int>(orders_.size()) * unit() / 5;
  const bool done = within(20 * capabilities().takeover_max + work, [&] {
    revive();
    return all_settled("shop") && all_settled("books") && all_settled("side");
  });
  ASSERT_TRUE(done) << "not all is settled";
}

void SoakConformance::expect_fates(const std::string& group) {
  std::map<std::string, std::string> expected, found;
  std::map<std::string, int> fails;
  for (const Order& order : orders_) {
    expected[id_of(order)] = fate_of(order.task);
    fails[id_of(order)] = order.task.fails;
  }
  for (const auto& record : history(kTasks)) {
    if (record.id.starts_with(kFed)) expected[record.id] = "done";
  }
  for (const Entry& entry : entries("confirmed", ""))
    EXPECT_TRUE(expected.contains(entry.id)) << entry.id << " is lost";
  for (const Entry& entry : entries("end", group)) {
    found[entry.id] = "done";
    EXPECT_EQ(entry.attempt, fails[entry.id] + 1) << group << " " << entry.id << ": no more, no less";
  }
  for (const auto& letter : dead_letters(group)) {
    EXPECT_TRUE(found.emplace(letter.record.id, letter.reason).second) << group << " " << letter.record.id << " twice";
  }
  for (const auto& [id, fate] : expected) EXPECT_EQ(found[id], fate) << group << " " << id;
  EXPECT_EQ(found.size(), expected.size()) << group;
}

void SoakConformance::expect_all_well() {
  for (const std::string group : {"shop", "books", "side"}) expect_fates(group);
  std::vector<std::string> done;
  std::size_t outputs = 0;
  for (const Order& order : orders_) {
    if (fate_of(order.task) != "done") continue;
    done.push_back(id_of(order));
    outputs += 3 * static_cast<std::size_t>(order.task.publishes);
  }
  std::set<std::string> fed;  // some brokers have one twice that was sent again
  for (const auto& record : history(kTasks)) {
    if (record.id.starts_with(kFed)) fed.insert(record.id);
  }
  done.insert(done.end(), fed.begin(), fed.end());
  outputs += 3 * fed.size();
  std::ranges::sort(done);
  EXPECT_EQ(effects(), done) << "each once";
  std::set<std::string> ids;
  for (const auto& record : history(kDone)) ids.insert(record.id);
  EXPECT_EQ(ids.size(), outputs);
  auto strict = entries();
  std::erase_if(strict, [](const Entry& entry) { return entry.group == "side"; });
  EXPECT_THAT(disorder(strict), IsEmpty());
  EXPECT_THAT(overtaking(strict, history(kTasks)), IsEmpty()) << "also while the transport is gone";
}

TEST_P(SoakConformance, EachEventHasItsOneOutcomeInEachGroup) {
  run(static_cast<int>(asked("TIDINGS_SOAK_STEPS", kSteps)));
  expect_all_well();
}

}  // namespace tidings::conformance
