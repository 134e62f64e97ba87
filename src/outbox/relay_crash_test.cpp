// A36: killed at any step, placing and relaying lose and reorder nothing; repeats carry the same bytes.
#include <gtest/gtest.h>

#include <boost/describe.hpp>
#include <charconv>
#include <map>
#include <set>

#include "outbox/crashing.hpp"
#include "tests/support/scratch_directory.hpp"
#include "tidings/outbox.hpp"

namespace tidings {
namespace {

struct Numbered {
  int number = 0;
};
BOOST_DESCRIBE_STRUCT(Numbered, (), (number))

}  // namespace

template <>
inline constexpr EventInfo event_info<Numbered>{.type = "Numbered", .topic = "numbers"};

namespace {

using testing::End;
using testing::KillAt;
using testing::Ledger;
using testing::require;
using testing::run_child;
using testing::ScratchDirectory;

constexpr int kEvents = 60;
constexpr int kKeys = 5;
constexpr const char* kSteps[] = {"placing", "placed", "sending", "taken", "answered"};

// Confirms what it wrote to the ledger, and refuses every seventh try: order must hold through that as well.
class LedgerPublisher final : public transport::Publisher {
 public:
  LedgerPublisher(Ledger ledger, KillAt& kill) : ledger_{std::move(ledger)}, kill_{kill} {}

  void send(std::vector<transport::Record> batch, Confirmed confirmed) override {
    kill_.pass("sending");
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (++tries_ % 7 == 0) {
        confirmed(i, unavailable("every seventh"));
        continue;
      }
      ledger_.add(*batch[i].key + " " + batch[i].id + " " + *batch[i].body);
      kill_.pass("taken");
      confirmed(i, {});
    }
    kill_.pass("answered");
  }
  Result<void> flush(Time) override { return {}; }

 private:
  const Ledger ledger_;
  KillAt& kill_;
  int tries_ = 0;
};

class RelayCrashTest : public ::testing::TestWithParam<const char*> {
 protected:
  // Places what is missing while a relay runs, until all are relayed.
  void run_service(KillAt kill) const {
    auto database = Sqlite::open(directory_ / "shop.db");
    require(bool{database});
    require(bool{database->script("CREATE TABLE IF NOT EXISTS orders (number INTEGER PRIMARY KEY)")});
    auto outbox = Outbox::open(*database, {.publishes = {&event_type<Numbered>()}});
    require(bool{outbox});
    auto relay = Relay::open(*database, std::make_unique<LedgerPublisher>(Ledger{directory_ / "ledger"}, kill),
                             {.retry_first = std::chrono::milliseconds{1}, .retry_max = std::chrono::milliseconds{2}});
    require(bool{relay});
    const auto executor = thread_executor();
    std::stop_source stop;
    const auto thread = executor->spawn("relay", [&] { require(bool{relay->run(stop.get_token())}); });
    place_missing(*database, *outbox, kill);
    while (check_sqlite_store(*database)->unsent > 0)
      executor->sleep_until(executor->now() + std::chrono::milliseconds{1});
    stop.request_stop();
  }

  static void place_missing(Sqlite& database, Outbox& outbox, KillAt& kill) {
    const int placed = **database.value<int>("SELECT count(*) FROM orders");
    for (int i = placed; i < kEvents; ++i) {
      require(bool{database.transact([&](SqliteTransaction& transaction) -> Result<void> {
        require(bool{transaction.execute("INSERT INTO orders VALUES (?)", i)});
        auto published = outbox.publish(transaction, Numbered{i}, {.aggregate_id = "k" + std::to_string(i % kKeys)});
        kill.pass("placing");
        return published;
      })});
      kill.pass("placed");
    }
  }

  void check_books() const {
    std::map<std::string, int> last;           // number by key
    std::map<std::string, std::string> by_id;  // body by event id
    std::set<int> numbers;
    for (const std::string& line : Ledger{directory_ / "ledger"}.lines()) {
      const std::string key = line.substr(0, line.find(' '));
      const std::string id = line.substr(key.size() + 1, 36);
      const std::string body = line.substr(key.size() + 38);
      const auto [known, is_new] = by_id.emplace(id, body);
      EXPECT_EQ(known->second, body) << "a repeat with other bytes";
      if (!is_new) continue;
      const std::size_t at = body.find(R"("number":)") + 9;
      int number = -1;
      std::from_chars(body.data() + at, body.data() + body.size(), number);
      EXPECT_TRUE(numbers.insert(number).second) << number << " has two ids";
      EXPECT_TRUE(!last.contains(key) || last[key] < number) << key << ": " << number << " after " << last[key];
      last[key] = number;
    }
    EXPECT_EQ(numbers.size(), kEvents);
  }

  ScratchDirectory directory_;
};

TEST_P(RelayCrashTest, LosesAndReordersNothingThoughKilledThere) {
  int kills = 0;
  for (const int times : {1, 2, 5, 9}) {
    const End end = run_child([&] { run_service({GetParam(), times}); });
    ASSERT_NE(end, End::failed);
    if (end == End::killed) ++kills;
  }
  EXPECT_GE(kills, 1);
  ASSERT_EQ(run_child([&] { run_service({}); }), End::reached);
  check_books();
}

std::string name_of(const ::testing::TestParamInfo<const char*>& info) {
  return info.param;
}
INSTANTIATE_TEST_SUITE_P(Steps, RelayCrashTest, ::testing::ValuesIn(kSteps), name_of);

}  // namespace
}  // namespace tidings
