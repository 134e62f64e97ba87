// E3, P1: the power fails. What was confirmed with sync=commit is there; meta and none lose what they say, and no more.
#include "tests/endurance/power_cut.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <sstream>

#include "tests/support/child_process.hpp"
#include "tests/support/scratch_directory.hpp"
#include "transport/local/local_transport.hpp"
#include "transport/local/storage/store_verification.hpp"

namespace tidings::endurance {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::ChildExit;
using testing::ChildProcess;
using ::testing::HasSubstr;
using transport::Transport;

constexpr const char* kStore = "new/deep/store";  // directories that are not there yet

bool long_run() {
  return std::getenv("TIDINGS_TEST_LONG") != nullptr;
}

std::optional<std::uint64_t> number_in(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr) return std::nullopt;
  return std::strtoull(text, nullptr, 10);
}

// What processes had been told when the power failed: a line for each step.
struct Told {
  std::vector<std::string> lines;

  explicit Told(const std::string& output) {
    std::istringstream text{output};
    for (std::string line; std::getline(text, line);) lines.push_back(line);
  }
  // The ids behind `word`, in lines up to the last `but`.
  std::vector<std::string> ids(const std::string& word, std::size_t but = 0) const {
    std::vector<std::string> found;
    for (std::size_t i = 0; i + but < lines.size(); ++i) {
      std::istringstream line{lines[i]};
      std::string first;
      line >> first;
      for (std::string id; first == word && line >> id;) found.push_back(id);
    }
    return found;
  }
  bool any(const std::string& line) const { return std::find(lines.begin(), lines.end(), line) != lines.end(); }
};

class PowerCutTest : public ::testing::Test {
 protected:
  // Starts a process whose changes are recorded.
  ChildProcess start(std::vector<std::string> arguments, const std::string& options = "") const {
    arguments.insert(arguments.begin(), "local:" + (disk_ / kStore).string() + options);
    return ChildProcess{
        {.program = POWER_CUT_CHILD,
         .arguments = std::move(arguments),
         .environment = {
             {"LD_PRELOAD", POWER_CUT_RECORDER}, {kRecordBelow, disk_.string()}, {kRecordTo, log_.string()}}}};
  }
  void run(const std::vector<std::string>& arguments, const std::string& options = "") const {
    ChildProcess child = start(arguments, options);
    ASSERT_EQ(child.wait(), (ChildExit{.code = 0})) << child.error_output();
  }

  // Has the power fail at random points, behind that where `first` was said, every other time right behind what was
  // said then, when it is lost first; and calls check(point) each time. A log that is named by POWER_CUT_LOG is cut
  // instead, at POWER_CUT_POINT.
  void cut(std::size_t short_count, std::string_view first,
           const std::function<void(const PowerCut&, std::size_t)>& check) {
    const PowerCut power{replayed() ? fs::path{std::getenv(kRecordTo)} : log_};
    const std::uint64_t seed = number_in("POWER_CUT_SEED").value_or(executor_->random());
    std::mt19937_64 random{seed};
    std::uniform_int_distribution<std::size_t> points{first.empty() ? 0 : power.point_of(first), power.changes()};
    const std::size_t count = replayed() ? 1 : long_run() ? 200 : short_count;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t random_point = i == 0 ? power.changes() : points(random);
      const std::size_t drawn = i % 2 == 0 ? random_point : power.next_said(random_point);
      const std::size_t point = number_in("POWER_CUT_POINT").value_or(drawn);
      const fs::path rebuilt = scratch_ / "rebuilt";
      fs::remove_all(rebuilt);
      power.rebuild(point, seed, rebuilt);
      store_ = rebuilt / kStore;
      forget_boot();
      check(power, point);
      if (!HasFailure()) continue;
      keep(seed, point);
      return;
    }
  }
  static bool replayed() { return std::getenv("POWER_CUT_POINT") != nullptr; }

  Result<std::unique_ptr<Transport>> open() const {
    return local::open_local({.scheme = "local", .path = store_.string()}, executor_);
  }

  static std::vector<std::string> ids(Transport& transport, const std::string& topic) {
    std::vector<std::string> found;
    const auto read = transport.operations().history->read({.topic = topic}, {}, 100'000, [&](const auto& entry) {
      EXPECT_FALSE(transport::last_header(entry.record.headers, "tidings-damaged"));
      found.emplace_back(entry.record.id);
      return true;
    });
    EXPECT_TRUE(read || read.error().kind == ErrorKind::invalid) << read.error().message;
    return found;
  }
  static std::vector<std::string> dead(Transport& transport) {
    std::vector<std::string> found;
    const auto letters = transport.operations().dead_letters->browse({}, "", 10'000).value();
    for (const auto& letter : letters) found.emplace_back(letter.record.id);
    return found;
  }
  std::vector<std::string> unsettled(Transport& transport) const {
    std::size_t left = 0;
    const auto lags = transport.operations().topology->lag().value();
    for (const auto& lag : lags) left += lag.unsettled;
    std::vector<std::string> found;
    if (left == 0) return found;
    const auto consumer = transport.consumer({.group = "g", .topic = "orders"}).value();
    const Time deadline = executor_->now() + 20s;
    while (found.size() < left && executor_->now() < deadline) {
      const auto batch = consumer->receive(1'000, deadline);
      if (!batch) break;
      for (const auto& delivery : batch->deliveries) found.emplace_back(delivery.record.id);
    }
    EXPECT_EQ(found.size(), left);
    return found;
  }

  // All that was told but the last `but` lines is there, each event in one place, and the store is sound.
  void expect_kept(const Told& told, std::size_t but) {
    auto opened = open();
    ASSERT_TRUE(opened) << opened.error().message;
    Transport& transport = **opened;
    const auto copy = transport.operations().backup->make(scratch_ / "copy", [](std::uint64_t) { return true; });
    EXPECT_TRUE(copy) << copy.error().message;  // it goes through all pages, and counts the free ones
    fs::remove_all(scratch_ / "copy");
    const auto orders = ids(transport, "orders");
    const std::set<std::string> kept{orders.begin(), orders.end()};
    EXPECT_EQ(kept.size(), orders.size());
    for (const auto& id : told.ids("confirmed", but)) EXPECT_TRUE(kept.contains(id)) << id << " was confirmed";
    expect_no_gap(orders);
    expect_control(transport, told, but);
    if (!told.any("declared")) return;
    std::map<std::string, int> places;
    const auto outputs = ids(transport, "payments");
    const auto letters = dead(transport);
    for (const auto& id : outputs) ++places[id.substr(3)];
    for (const auto& id : letters) ++places[id];
    for (const auto& id : told.ids("settled", but)) EXPECT_THAT(outputs, ::testing::Contains("of-" + id));
    for (const auto& id : told.ids("buried", but)) EXPECT_THAT(letters, ::testing::Contains(id));
    if (transport.operations().topology->lag().value().empty()) return;  // nobody had joined yet
    for (const auto& id : unsettled(transport)) ++places[id];
    for (const auto& id : orders) EXPECT_EQ(places[id], 1) << id << ": settled, dead or unsettled";
  }

  // Of each process, the events are there in order from the first on.
  static void expect_no_gap(const std::vector<std::string>& orders) {
    std::map<std::string, int> next;
    for (const auto& id : orders) {
      const std::string name = id.substr(0, id.find('-'));
      EXPECT_EQ(id, name + "-" + std::to_string(next[name]++));
    }
  }
  static void expect_control(Transport& transport, const Told& told, std::size_t but) {
    for (std::size_t i = 0; i + but < told.lines.size(); ++i) {
      std::istringstream line{told.lines[i]};
      std::string word, name;
      int value = 0;
      if (!(line >> word >> name >> value) || word != "control") continue;
      const auto record = transport.control().get("number/" + name).value();
      ASSERT_TRUE(record) << told.lines[i];
      EXPECT_GE(std::stoi(record->value), value) << told.lines[i];
    }
  }

 private:
  // The machine starts anew: who had the store open was of another boot.
  void forget_boot() const {
    std::ifstream in{store_ / "open"};
    std::string boot, mode;
    if (!(in >> boot >> mode)) return;
    in.close();
    std::ofstream{store_ / "open"} << "boot-before " << mode << "\n";
  }
  void keep(std::uint64_t seed, std::size_t point) const {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    const fs::path kept = replayed() ? fs::path{std::getenv(kRecordTo)}
                                     : fs::temp_directory_path() / ("power-cut-" + std::string{test->name()} + ".log");
    if (!replayed()) fs::copy_file(log_, kept, fs::copy_options::overwrite_existing);
    ADD_FAILURE() << "the power failed at point " << point << ", seed " << seed << "; again:\n  " << kRecordTo << "="
                  << kept.string() << " POWER_CUT_SEED=" << seed << " POWER_CUT_POINT=" << point
                  << " power_cut_test --gtest_filter=PowerCutTest." << test->name();
  }

 protected:
  testing::ScratchDirectory scratch_;
  const fs::path disk_ = make(fs::canonical(scratch_.path()) / "disk");
  const fs::path log_ = fs::canonical(scratch_.path()) / "log";
  fs::path store_;
  std::shared_ptr<Executor> executor_ = thread_executor();

 private:
  static fs::path make(const fs::path& path) {
    fs::create_directory(path);
    return path;
  }
};

constexpr std::size_t kShort = 12;

TEST_F(PowerCutTest, P1KeepsWhatWasConfirmedWithSyncCommit) {
  if (!replayed()) {
    ChildProcess first = start({"work", "a", "120"});
    ChildProcess second = start({"work", "b", "120"});
    ASSERT_EQ(first.wait(), (ChildExit{.code = 0})) << first.error_output();
    ASSERT_EQ(second.wait(), (ChildExit{.code = 0})) << second.error_output();
  }
  cut(kShort, "", [&](const PowerCut& power, std::size_t point) { expect_kept(Told{power.said(point)}, 0); });
}

TEST_F(PowerCutTest, LosesNoMoreThanTheLastCommitWithSyncMeta) {
  if (!replayed()) run({"work", "a", "200"}, "?sync=meta");
  cut(kShort, "", [&](const PowerCut& power, std::size_t point) {
    const Told told{power.said(point)};
    expect_kept(told, told.any("closed") ? 0 : 1);
  });
}

// What was written without a sync is refused as a whole: a store that may be damaged is not taken for a sound one.
TEST_F(PowerCutTest, RefusesWhatWasWrittenWithSyncNoneUntilItWasClosed) {
  if (!replayed()) {
    run({"work", "a", "20"});
    run({"work", "b", "60"}, "?sync=none");
  }
  cut(kShort, "", [&](const PowerCut& power, std::size_t point) {
    const Told told{power.said(point)};
    const auto closed = std::count(told.lines.begin(), told.lines.end(), "closed");
    const bool wrote = !told.ids("confirmed").empty() && told.ids("confirmed").back().starts_with("b");
    if (closed == 2 || !wrote) {
      if (closed == 2 || open()) expect_kept(told, 0);
      return;
    }
    const auto opened = open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().kind, ErrorKind::corrupt);
    EXPECT_THAT(opened.error().message, HasSubstr("sync=none"));
  });
}

// E4: a backup that was told is there; one that was not is no store, or whole.
TEST_F(PowerCutTest, KeepsABackupThatWasMade) {
  if (!replayed()) {
    run({"work", "a", "40"});
    run({"backup", disk_ / "copies/first"});
  }
  cut(kShort, "closed", [&](const PowerCut& power, std::size_t point) {
    store_ = scratch_ / "rebuilt/copies/first";
    const Told told{power.said(point)};
    if (!fs::exists(store_ / "format")) {
      EXPECT_FALSE(told.any("copied"));
      return;
    }
    auto opened = open();
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(ids(**opened, "orders").size(), told.ids("confirmed").size());
  });
}

}  // namespace
}  // namespace tidings::endurance
