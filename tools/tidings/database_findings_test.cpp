#include "tools/tidings/database_findings.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "tests/support/scratch_directory.hpp"
#include "tidings/outbox.hpp"

namespace tidings::cli {
namespace {

using namespace std::chrono_literals;
using operate::Finding;
using operate::Level;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using tidings::testing::ScratchDirectory;

constexpr Time kNow{std::chrono::hours{24 * 365 * 50}};

std::string bytes_of(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::vector<Finding> look(const std::string& path) {
  return look_at_database(path, thread_executor());
}

// A37
TEST(DatabaseFindings, TellWhatTheTablesHold) {
  const ScratchDirectory scratch;
  const std::string path = scratch / "shop.db";
  ASSERT_TRUE(open_sqlite_inbox(path));
  const auto found = look(path);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].level, Level::ok) << found[0].what;
  EXPECT_EQ(found[0].what, path + ": 0 marks of handled events, 0 with outputs to confirm; 0 events to send");
}

TEST(DatabaseFindings, FailForWhatIsNoneAndLeaveItAsItIs) {
  const ScratchDirectory scratch;
  const std::string missing = scratch / "missing.db";
  EXPECT_THAT(look(missing).at(0).what, HasSubstr("cannot be opened"));
  EXPECT_FALSE(std::filesystem::exists(missing));

  const std::string text = scratch.write("notes.txt", std::string(200, 'x'));
  EXPECT_THAT(look(text).at(0).what, HasSubstr("no SQLite database of an inbox"));

  const std::string other = scratch / "other.db";
  ASSERT_TRUE(Sqlite::open(other)->script("CREATE TABLE t (a); PRAGMA wal_checkpoint(TRUNCATE)"));
  const std::string before = bytes_of(other);
  const auto found = look(other);
  EXPECT_THAT(found.at(0).what, HasSubstr("has no tables of an inbox"));
  EXPECT_EQ(found.at(0).level, Level::fail);
  EXPECT_FALSE(found.at(0).remedy.empty());
  EXPECT_EQ(bytes_of(other), before);
}

TEST(DatabaseFindings, WarnOfEventsThatNobodySends) {
  SqliteStoreReport report{.marks = 7, .unsent = 3, .oldest_unsent = kNow - kUnsentWarn};
  EXPECT_THAT(judge_database("a.db", report, kNow), SizeIs(1)) << "they were published just now";
  report.oldest_unsent = kNow - 10min;
  report.refused = 1;
  report.refused_error = "too large";
  const auto found = judge_database("a.db", report, kNow);
  ASSERT_THAT(found, SizeIs(3));
  EXPECT_EQ(found[1].level, Level::warn);
  EXPECT_EQ(found[1].what, "a.db: 3 events wait for the relay, the oldest for 10m");
  EXPECT_EQ(found[2].what, "a.db: 1 events were refused at the last try: too large");
}

}  // namespace
}  // namespace tidings::cli
