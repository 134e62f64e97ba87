// P6: each kind of misfit has its outcome, said and with its bytes; a handler that throws has failed.
#include "tests/conformance/service/service_conformance.hpp"

namespace tidings::conformance {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using transport::Record;

namespace {

Record misfit(const std::string& id) {
  return {.topic = kTasks,
          .key = "k",
          .id = id,
          .type = "Task",
          .content_type = "application/json",
          .headers = {{"x-origin", std::string{"legacy \xff", 8}}, {"null", std::nullopt}},
          .body = R"({"data": {"number": 7}})"};
}

}  // namespace

void BurialConformance::expect_dead_letter(const Record& record, const std::string& reason) {
  publish({record});
  send({{{.number = 1}}});
  ASSERT_TRUE(settled());
  const auto letters = dead_letters();
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].reason, reason);
  EXPECT_EQ(letters[0].record, as_kept(record, letters[0].record));
  EXPECT_EQ(letters[0].attempts, 0) << "no handler saw it";
  EXPECT_FALSE(letters[0].error.empty());
  EXPECT_THAT(decisions(1), ElementsAre("buried " + reason));
  EXPECT_THAT(entries("end"), SizeIs(1)) << "the one behind it";
}

TEST_P(BurialConformance, P6ARecordWithoutABodyIsADeadLetter) {
  work();
  Record record = misfit("tombstone");
  record.body.reset();
  expect_dead_letter(record, "undecodable");
}

TEST_P(BurialConformance, P6AnUnknownContentTypeIsADeadLetter) {
  work();
  Record record = misfit("strange");
  record.content_type = "application/x-strange";
  expect_dead_letter(record, "undecodable");
}

TEST_P(BurialConformance, P6ABodyThatIsNoJsonIsADeadLetter) {
  work();
  Record record = misfit("broken");
  record.body = std::string{"{\"data\": {\"number\": 1,\0\xff", 24};
  expect_dead_letter(record, "undecodable");
}

TEST_P(BurialConformance, P6WithAnInboxToo) {
  work({.inbox = true});
  Record record = misfit("other");
  record.body = R"({"data": {"number": "one"}})";
  expect_dead_letter(record, "undecodable");
}

// Its producer may send more than this service takes.
TEST_P(BurialConformance, P6ARecordThatIsTooLargeIsADeadLetter) {
  work({.record_bytes_max = 5'000});
  Record record = misfit("large");
  record.body = R"({"data": {"number": 1, "trouble_in": ")" + std::string(10'000, 'x') + R"("}})";
  expect_dead_letter(record, "too_large");
}

TEST_P(BurialConformance, P6ATypeWithoutAHandlerIsSkippedAndCounted) {
  work();
  Record record = misfit("stranger");
  record.type = "Stranger";
  publish({record});
  send({{{.number = 1}}});
  ASSERT_TRUE(settled());
  EXPECT_THAT(dead_letters(), IsEmpty());
  EXPECT_THAT(decisions(1), ElementsAre("skipped unhandled"));
  EXPECT_THAT(entries("end"), SizeIs(1));
}

TEST_P(BurialConformance, P6ATypeWithoutAHandlerIsADeadLetterWhereAskedFor) {
  work({.unhandled_dies = true});
  Record record = misfit("stranger");
  record.type = "Stranger";
  expect_dead_letter(record, "unhandled");
}

// Its name is where it stands, in each attempt.
TEST_P(BurialConformance, P6AnEventWithoutAnIdIsNamedByItsPosition) {
  if (!capabilities().stable_positions) GTEST_SKIP() << "a position is no name here";
  work({.delay_first = units(0.1)});
  Record record = misfit("");
  record.body = R"({"data": {"number": 7, "fails": 1, "publishes": 1}})";
  publish({record, record});
  ASSERT_TRUE(settled());
  std::map<std::string, int> runs;
  for (const Entry& entry : entries("begin")) ++runs[entry.id];
  ASSERT_THAT(runs, SizeIs(2)) << "two events, two names";
  for (const auto& [id, times] : runs) {
    EXPECT_FALSE(id.empty());
    EXPECT_EQ(times, 2) << id;
  }
  EXPECT_THAT(published(), SizeIs(2));
}

// Also elsewhere, after a kill, and for the inbox.
TEST_P(BurialConformance, P6ItsNameStaysThoughItsProcessIsKilled) {
  if (!capabilities().stable_positions) GTEST_SKIP() << "a position is no name here";
  const WorkerPlan plan{.delay_first = units(3), .inbox = true};
  work(plan);
  Record record = misfit("");
  record.body = R"({"data": {"number": 7, "fails": 2, "publishes": 1}})";
  publish({record});
  ASSERT_TRUE(within(unit(), [&] { return count("failed") == 1 && lag("shop", kTasks)->waiting == 1; }));
  kill(plan.instance);
  work(plan);
  ASSERT_TRUE(settled("shop", 10 * unit()));
  const auto runs = entries("begin");
  ASSERT_THAT(runs, SizeIs(3));
  for (const Entry& run : runs) EXPECT_EQ(run.id, runs[0].id);
  EXPECT_THAT(effects(), ElementsAre(runs[0].id));
  ASSERT_TRUE(here().operations().history->replay({.topic = kTasks}, "shop", ""));
  ASSERT_TRUE(within(unit(), [&] { return !decisions().empty(); }));
  EXPECT_THAT(decisions(), ElementsAre("skipped duplicate"));
  EXPECT_THAT(effects(), SizeIs(1));
}

TEST_P(BurialConformance, P6AnEventWithoutAnIdIsADeadLetterWhereAskedFor) {
  work({.requires_id = true});
  expect_dead_letter(misfit(""), "no_id");
}

TEST_P(BurialConformance, P6AHandlerThatThrowsHasFailed) {
  work({.delay_first = units(0.1)});
  send({{{.number = 1, .fails = 1, .throws = "exception", .publishes = 1}, "a"},
        {{.number = 2, .fails = 9, .throws = "exception", .publishes = 1}, "b"},
        {{.number = 3, .fails = 9, .throws = "other", .publishes = 1}, "c"}});
  ASSERT_TRUE(settled());
  EXPECT_THAT(published(), ElementsAre("1 2"));
  std::map<std::string, transport::DeadLetter> buried;
  for (const auto& letter : dead_letters()) buried.emplace(letter.record.id, letter);
  ASSERT_THAT(buried, SizeIs(2));
  EXPECT_EQ(buried.at("task-2").reason, "failed");
  EXPECT_EQ(buried.at("task-2").attempts, 3);
  EXPECT_THAT(buried.at("task-2").error, HasSubstr("the task asks to throw"));
  EXPECT_EQ(buried.at("task-3").reason, "failed");
  for (const auto& [id, letter] : buried) EXPECT_THAT(history(kTasks), Contains(letter.record)) << id;
  EXPECT_THAT(decisions(2), ElementsAre("buried failed", "buried failed"));
}

TEST_P(BurialConformance, P6ATimeoutThatFailsToTheEndIsADeadLetterThatSaysSo) {
  work({.attempts_max = 2, .delay_first = units(0.1), .timeout = units(0.5), .timeout_fails = true});
  send({{{.number = 1, .takes = units(2), .publishes = 1}}});
  ASSERT_TRUE(settled());
  const auto letters = dead_letters();
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].reason, "timed_out");
  EXPECT_EQ(letters[0].attempts, 2);
  EXPECT_EQ(letters[0].record, history(kTasks).at(0));
  EXPECT_THAT(published(), IsEmpty());
  EXPECT_THAT(decisions(3), ElementsAre("timed_out none", "timed_out none", "buried timed_out"));
}

}  // namespace tidings::conformance
