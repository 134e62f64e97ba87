#include "tests/conformance/service/traffic.hpp"

#include <algorithm>
#include <iostream>
#include <set>

namespace tidings::conformance {

using ::testing::IsEmpty;

namespace {

constexpr const char* kGroup = "shop";
constexpr const char* kWorkers[] = {"worker-1", "worker-2"};
constexpr const char* kFeeders[] = {"feeder-1", "feeder-2"};
constexpr int kThreads = 2;
constexpr int kKeys = 4;  // of each thread
constexpr int kForEver = 1'000'000;
constexpr Duration kPause = std::chrono::milliseconds{20};
constexpr Duration kLook = std::chrono::milliseconds{200};  // a look reads the whole journal

}  // namespace

void Traffic::begin_traffic() {
  here();  // opened while it can be
  for (const char* instance : kWorkers) work({.instance = instance, .group = kGroup, .concurrency = 4});
  for (const char* instance : kFeeders) {
    feed({.instance = instance,
          .threads = kThreads,
          .count = kForEver,
          .keys = kKeys,
          .pause = std::chrono::duration_cast<std::chrono::milliseconds>(kPause)});
  }
}

// By key.
std::map<std::string, int> Traffic::highest(const std::string& step, const std::string& group) {
  std::map<std::string, int> numbers;
  for (const Entry& entry : entries(step, group)) {
    int& number = numbers.emplace(entry.key, entry.number).first->second;
    number = std::max(number, entry.number);
  }
  return numbers;
}

bool Traffic::look_until(Duration within, const std::function<bool()>& done) {
  const Time until = now() + within;
  while (!done()) {
    if (now() >= until) return false;
    pass(kLook);
  }
  return true;
}

bool Traffic::all_flows(Duration within) {
  const Time begin = now();
  const auto before = highest("confirmed", "");
  std::vector<std::string> stuck;
  const bool flows = look_until(within, [&] {
    const auto handled = highest("end", kGroup);
    stuck.clear();
    for (const char* feeder : kFeeders) {
      for (int thread = 0; thread < kThreads; ++thread) {
        for (int key = 0; key < kKeys; ++key) {
          const std::string name = std::string{feeder} + "-" + std::to_string(thread) + "-k" + std::to_string(key);
          const auto was = before.find(name), is = handled.find(name);
          if (is == handled.end() || (was != before.end() && is->second <= was->second + kKeys)) stuck.push_back(name);
        }
      }
    }
    return stuck.empty();
  });
  std::cout << (flows ? "flows" : "does not flow") << " after "
            << std::chrono::duration_cast<std::chrono::milliseconds>(now() - begin).count() << " ms" << std::endl;
  for (const std::string& name : stuck) tell_of(name, before);
  return flows;
}

// How far a key is that does not flow.
void Traffic::tell_of(const std::string& key, const std::map<std::string, int>& before) {
  std::cout << key << " does not flow:";
  if (const auto was = before.find(key); was != before.end()) std::cout << " was at " << was->second << ";";
  for (const auto& [step, group] : {std::pair{"confirmed", ""}, {"begin", kGroup}, {"end", kGroup}}) {
    auto numbers = highest(step, group);
    std::cout << " " << step << " " << (numbers.contains(key) ? numbers[key] : -1);
  }
  std::cout << std::endl;
}

void Traffic::expect_the_books_to_balance(Stands stands) {
  for (const char* feeder : kFeeders) {
    EXPECT_TRUE(running(feeder));
    EXPECT_TRUE(stop(feeder));
  }
  ASSERT_TRUE(look_until(deadline(std::chrono::seconds{3}) - now(), [&] { return all_settled(kGroup); }));
  for (const char* worker : kWorkers) EXPECT_TRUE(running(worker)) << worker << " is the one that was started";

  std::map<std::string, int> times, last;  // by id, and number by key
  for (const auto& record : history(kTasks)) {
    if (++times[record.id] > 1) {
      EXPECT_EQ(stands, Stands::again) << record.id << " is there twice";
      continue;
    }
    const int number = std::stoi(record.id.substr(record.id.rfind('-') + 1));
    const auto [before, is_first] = last.emplace(*record.key, number);
    EXPECT_TRUE(is_first || before->second < number) << record.id << " after " << before->second;
    before->second = number;
  }
  ASSERT_FALSE(times.empty()) << "the history was not read";
  std::set<std::string> handled;
  std::size_t again = 0;
  for (const Entry& entry : entries("end", kGroup)) {
    again += handled.insert(entry.id).second ? 0 : 1;
    EXPECT_EQ(entry.attempt, 1) << entry.id;
  }
  std::size_t confirmed = 0;
  for (const Entry& entry : entries("confirmed", "")) {
    ++confirmed;
    EXPECT_TRUE(times.contains(entry.id)) << entry.id << " is lost";
    EXPECT_TRUE(handled.contains(entry.id)) << entry.id << " was not handled";
  }
  for (const Entry& entry : entries("refused", "")) EXPECT_FALSE(times.contains(entry.id)) << entry.id << " is there";
  // A server that is killed, or gives a connection up, in the midst of an event has it in some of its queues only, and
  // has not confirmed it: in the history, say. Its publisher knows that it may not be there.
  if (stands == Stands::once) {
    EXPECT_EQ(handled.size(), times.size());
  }
  EXPECT_LE(handled.size(), times.size());
  EXPECT_THAT(overtaking(entries(), history(kTasks)), IsEmpty());
  EXPECT_THAT(dead_letters(), IsEmpty());
  std::cout << confirmed << " confirmed, " << times.size() << " there, " << again << " handled again" << std::endl;
}

}  // namespace tidings::conformance
