// A35, P7: killed at any step between effect, mark, publish and settlement, an event has its effect once, and what its
// handler published goes out with the same ids.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "outbox/crashing.hpp"
#include "tests/support/scratch_directory.hpp"
#include "tidings/sqlite.hpp"
#include "tidings/uuid.hpp"

namespace tidings {
namespace {

using testing::End;
using testing::KillAt;
using testing::Ledger;
using testing::require;
using testing::run_child;
using testing::ScratchDirectory;

constexpr int kEvents = 12;
constexpr int kGroup = 4;
constexpr const char* kSteps[] = {"begun",     "admitted",  "effect",  "kept",     "undone",
                                  "committed", "published", "settled", "confirmed"};

// What the engine does with an inbox, in one process, with a step's name before what could be lost there.
class Consumer {
 public:
  Consumer(const std::filesystem::path& directory, KillAt kill)
      : published_{directory / "published"}, settled_{directory / "settled"}, kill_{std::move(kill)} {
    auto database = Sqlite::open(directory / "shop.db");
    require(bool{database});
    require(bool{database->script("CREATE TABLE IF NOT EXISTS effects (event TEXT, run INTEGER)")});
    auto inbox = open_sqlite_inbox(*database);
    require(bool{inbox});
    inbox_ = *inbox;
  }

  void handle_all() {
    const auto lines = settled_.lines();
    const std::set<std::string> done{lines.begin(), lines.end()};
    std::vector<std::string> group;
    for (int i = 0; i < kEvents; ++i) {
      const std::string id = "e" + std::to_string(i);
      if (!done.contains(id)) group.push_back(id);
      if (group.size() == kGroup || i + 1 == kEvents) handle_group(std::exchange(group, {}));
    }
  }

 private:
  void handle_group(const std::vector<std::string>& ids) {
    std::map<std::string, std::vector<transport::Record>> outputs;
    auto transaction = inbox_->begin(Time{std::chrono::days{20'000}});
    require(bool{transaction});
    kill_.pass("begun");
    for (const std::string& id : ids) outputs[id] = handle(**transaction, id);
    require(bool{(*transaction)->commit()});
    kill_.pass("committed");
    for (const auto& [id, records] : outputs) {
      for (const transport::Record& record : records) published_.add(record.id + " " + *record.body);
    }
    kill_.pass("published");
    for (const std::string& id : ids) settled_.add(id);
    kill_.pass("settled");
    for (const std::string& id : ids) inbox_->confirmed("group", id, "");
    kill_.pass("confirmed");
  }

  std::vector<transport::Record> handle(InboxTransaction& transaction, const std::string& id) {
    auto admission = transaction.admit({.group = "group", .event_id = id, .digest = 1});
    require(bool{admission});
    kill_.pass("admitted");
    if (admission->seen == InboxTransaction::Seen::duplicate) return admission->unconfirmed;
    auto& handle = *static_cast<SqliteTransaction*>(transaction.handle());
    require(bool{handle.execute("INSERT INTO effects VALUES (?, ?)", id, getpid())});
    kill_.pass("effect");
    if (id == "e5" && !failed_once_) {  // a handler that fails at its first run in each process
      failed_once_ = true;
      require(bool{transaction.undo()});
      kill_.pass("undone");
      return this->handle(transaction, id);
    }
    // The body tells runs apart: what goes out must be what was committed, not what another run would say.
    std::vector<transport::Record> outputs{
        {.topic = "t", .id = derived_id({.event_id = id, .type = "T"}), .body = std::to_string(getpid())}};
    require(bool{transaction.keep(outputs)});
    kill_.pass("kept");
    return outputs;
  }

  const Ledger published_;
  const Ledger settled_;
  KillAt kill_;
  std::shared_ptr<Inbox> inbox_;
  bool failed_once_ = false;
};

class InboxCrashTest : public ::testing::TestWithParam<const char*> {
 protected:
  void check_books() {
    auto database = Sqlite::open(directory_ / "shop.db");
    std::map<std::string, int> effects;
    std::map<std::string, std::string> runs;
    ASSERT_TRUE(database->query(
        [&](const SqliteRow& row) {
          ++effects[row.get<std::string>(0)];
          runs[derived_id({.event_id = row.text(0), .type = "T"})] = row.get<std::string>(1);
        },
        "SELECT event, run FROM effects"));
    EXPECT_EQ(effects.size(), kEvents);
    for (const auto& [id, times] : effects) EXPECT_EQ(times, 1) << id;

    std::map<std::string, std::string> published;
    for (const std::string& line : Ledger{directory_ / "published"}.lines()) {
      const std::string id = line.substr(0, line.find(' '));
      published[id] = line.substr(line.find(' ') + 1);
      EXPECT_EQ(published[id], runs[id]) << "an output of a run whose effect was rolled back";
    }
    EXPECT_EQ(published, runs);
    EXPECT_EQ(**database->value<int>("SELECT count(*) FROM tidings_inbox"), kEvents);
  }

  ScratchDirectory directory_;
};

TEST_P(InboxCrashTest, HasEachEffectOnceThoughKilledThere) {
  const auto run = [&](KillAt kill) {
    return run_child([&] { Consumer{directory_.path(), std::move(kill)}.handle_all(); });
  };
  int kills = 0;
  for (int times = 1; times <= 6; ++times) {
    const End end = run({GetParam(), times});
    ASSERT_NE(end, End::failed);
    if (end == End::killed) ++kills;
  }
  EXPECT_GE(kills, 1);
  ASSERT_EQ(run({}), End::reached);
  check_books();
}

std::string name_of(const ::testing::TestParamInfo<const char*>& info) {
  return info.param;
}
INSTANTIATE_TEST_SUITE_P(Steps, InboxCrashTest, ::testing::ValuesIn(kSteps), name_of);

}  // namespace
}  // namespace tidings
