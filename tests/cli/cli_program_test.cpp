// A37: the program itself, on a `local:` directory, beside a group that is served by this test.
#include <gmock/gmock.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/cli/program.hpp"

namespace tidings {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using tidings::testing::ChildExit;
using tidings::testing::ChildProcess;
using tidings::testing::Ran;

class Program : public cli::Program {
 protected:
  Program() { url_ = "local:" + directory_; }

  std::string directory_ = (scratch_ / "events").string();
};

TEST_F(Program, PublishesAndPrints) {
  publish("o-1");
  publish("o-2");
  const Ran ran = run({"--json", "tail", "orders", "--key", "o-2"});
  EXPECT_EQ(ran.exit, ChildExit{.code = 0}) << ran.error_output;
  EXPECT_THAT(ran.output, HasSubstr(R"("data":{"order":"o-2"},"topic":"orders","partition":)"));
  EXPECT_EQ(std::count(ran.output.begin(), ran.output.end(), '\n'), 1);
}

TEST_F(Program, FollowsFromTheEnd) {
  publish("o-1");
  EXPECT_EQ(run({"tail", "orders", "--from", "end"}).output, "");
  ChildProcess tail{spec({"tail", "orders", "--follow"})};
  // When the tail begins, nobody tells: publish until one is seen.
  int last = 1;
  do publish("o-" + std::to_string(++last));
  while (!tail.wait_for_output("o-" + std::to_string(last), 1s) && last < 30);
  EXPECT_THAT(tail.output(), HasSubstr("o-" + std::to_string(last)));
  EXPECT_THAT(tail.output(), ::testing::Not(HasSubstr("o-1 ")));
}

TEST_F(Program, SaysThatThereIsNoStoreAndMakesNone) {
  for (const char* command : {"topics", "groups", "lag", "doctor"}) {
    EXPECT_EQ(run({command}).exit, ChildExit{.code = 3}) << command;
  }
  EXPECT_FALSE(std::filesystem::exists(directory_));
}

TEST_F(Program, ConfirmsEachLineBeforeTheNextIsWritten) {
  publish("o-1");
  ChildProcess program{spec({"--json", "publish", "orders", "--type", "T", "--file", "-"})};
  for (const char* line : {"1", "2", "3"}) {
    program.write("{\"data\":1}\n");
    ASSERT_TRUE(program.wait_for_output(std::string{"{\"line\":"} + line)) << program.error_output();
  }
  program.close_input();
  EXPECT_EQ(program.wait(), ChildExit{.code = 0});
}

TEST_F(Program, EndsInOrderWhenItIsInterrupted) {
  publish("o-1");
  ChildProcess tail{spec({"tail", "orders", "--from", "beginning", "--follow"})};
  ASSERT_TRUE(tail.wait_for_output("o-1")) << tail.error_output();
  publish("o-2");
  ASSERT_TRUE(tail.wait_for_output("o-2")) << tail.error_output();
  tail.send(SIGINT);
  EXPECT_EQ(tail.wait(), ChildExit{.code = 0});

  ChildProcess watch{spec({"--json", "lag", "--watch"})};
  ASSERT_TRUE(watch.wait_for_output("\n")) << watch.error_output();
  watch.send(SIGTERM);
  EXPECT_EQ(watch.wait(), ChildExit{.code = 0});

  ChildProcess publisher{spec({"publish", "orders", "--type", "T", "--file", "-"})};
  publisher.write("{\"data\":1}\n");
  ChildProcess seen{spec({"tail", "orders", "--from", "beginning", "--follow", "--type", "T"})};
  ASSERT_TRUE(seen.wait_for_output("T")) << seen.error_output();
  publisher.send(SIGINT);
  EXPECT_EQ(publisher.wait(), ChildExit{.code = 1});
  EXPECT_THAT(publisher.output(), HasSubstr("1 event published"));
}

TEST_F(Program, RepairsWhatAGroupGaveUp) {
  publish("o-1");
  publish("o-2");
  const auto transport = open();
  const auto consumer = transport->consumer({.group = "billing", .instance = "test", .topic = "orders"});
  ASSERT_TRUE(consumer) << consumer.error().message;
  ASSERT_THAT(serve(**consumer, 2, Verdict::bury), ::testing::UnorderedElementsAre("o-1", "o-2"));

  EXPECT_THAT(run({"lag"}).output, HasSubstr("billing"));
  EXPECT_THAT(run({"groups"}).output, HasSubstr("test"));
  EXPECT_THAT(run({"topics"}).output, HasSubstr("orders"));
  EXPECT_THAT(run({"doctor"}).output, HasSubstr("dead letters: billing on orders: 2"));
  const Ran list = run({"dead", "list"});
  EXPECT_THAT(list.output, HasSubstr("no bank"));
  const std::string second_line = list.output.substr(list.output.find('\n') + 1);
  const std::string id = second_line.substr(0, second_line.find(' '));
  EXPECT_THAT(run({"dead", "show", id}).output, HasSubstr("dead replay " + id));

  EXPECT_EQ(run({"dead", "replay", id}).output, "1 of 1 dead letter replayed\n");
  EXPECT_THAT(serve(**consumer, 1, Verdict::accept), ElementsAre("o-1"));
  EXPECT_EQ(run({"dead", "replay", id}).exit, ChildExit{.code = 1});
  EXPECT_EQ(run({"dead", "discard", "--group", "billing"}).output, "1 of 1 dead letter discarded\n");
  EXPECT_THAT(run({"--json", "dead", "list"}).output, HasSubstr("\"deadLetters\":[]"));

  EXPECT_THAT(run({"replay", "--group", "billing", "--topic", "orders", "--from", "-1h", "--key", "o-2"}).output,
              HasSubstr("1 handed to billing again"));
  EXPECT_THAT(serve(**consumer, 1, Verdict::accept), ElementsAre("o-2"));
  EXPECT_EQ(run({"groups", "remove", "billing"}).exit, ChildExit{.code = 1});
}

TEST_F(Program, FindsAHealthyStoreHealthy) {
  publish("o-1");
  const Ran ran = run({"doctor"});
  EXPECT_EQ(ran.exit, ChildExit{.code = 0}) << ran.output;
  EXPECT_THAT(ran.output, HasSubstr("ok    permissions: "));
  EXPECT_THAT(ran.output, HasSubstr("ok    store: "));
  EXPECT_THAT(ran.output, ::testing::Not(HasSubstr("fail")));
}

// E4
TEST_F(Program, MakesABackupThatOpens) {
  publish("o-1");
  const auto copy = (scratch_ / "copy").string();
  const Ran ran = run({"backup", copy});
  EXPECT_EQ(ran.exit, ChildExit{.code = 0}) << ran.error_output;
  EXPECT_THAT(ran.output, HasSubstr("TIDINGS_TRANSPORT=local:" + copy));
  publish("o-2");
  const Ran tail = run({"--transport", "local:" + copy, "tail", "orders"});
  EXPECT_THAT(tail.output, HasSubstr("o-1"));
  EXPECT_THAT(tail.output, ::testing::Not(HasSubstr("o-2")));
  const Ran again = run({"backup", copy});
  EXPECT_EQ(again.exit, ChildExit{.code = 1});
  EXPECT_THAT(again.error_output, HasSubstr("is not empty"));
}

// E14
TEST_F(Program, MeasuresTheTransport) {
  const Ran ran = run({"bench", "--events", "2000", "--batch", "100"});
  EXPECT_EQ(ran.exit, ChildExit{.code = 0}) << ran.error_output;
  EXPECT_THAT(ran.output, HasSubstr("publish, confirmed"));
  EXPECT_THAT(ran.output, HasSubstr("publish to receipt, alone"));
  EXPECT_THAT(run({"groups"}).output, ::testing::Not(HasSubstr("tidings-bench")));
  const Ran json = run({"--json", "bench", "--events", "500"});
  EXPECT_THAT(json.output, HasSubstr("\"publishedPerSecond\":"));
  EXPECT_THAT(json.output, HasSubstr("\"oneByOne\":"));
  const Ran wrong = run({"bench", "--events", "0"});
  EXPECT_EQ(wrong.exit, ChildExit{.code = 2});
  EXPECT_THAT(wrong.error_output, HasSubstr("--events"));
}

// A37, P9: what only reads needs no writer, whoever has it; and the doctor says who that is.
class StuckWriter : public Program {
 protected:
  // A process that took the writer lock so, and is stopped.
  ChildProcess stop_holding(const std::string& lock) const {
    ChildProcess holder{{.program = LOCAL_LOCK_HOLDER, .arguments = {directory_, lock}}};
    EXPECT_TRUE(holder.wait_for_output("holding")) << holder.error_output();
    holder.send(SIGSTOP);
    return holder;
  }
  void expect_reading() const {
    EXPECT_THAT(run({"topics"}).output, HasSubstr("orders"));
    EXPECT_THAT(run({"groups"}).output, HasSubstr("billing"));
    EXPECT_THAT(run({"lag"}).output, HasSubstr("billing"));
    EXPECT_THAT(run({"tail", "orders", "--limit", "1"}).output, HasSubstr("o-1"));
    EXPECT_EQ(run({"dead", "list"}).exit, ChildExit{.code = 0});
    const Ran backup = run({"backup", (scratch_ / "copy").string()});
    EXPECT_EQ(backup.exit, ChildExit{.code = 0}) << backup.error_output;
  }
};

TEST_F(StuckWriter, IsNamedByTheDoctorAndHindersNoReading) {
  publish("o-1");
  open()->consumer({.group = "billing", .instance = "test", .topic = "orders"}).value().reset();
  const ChildProcess holder = stop_holding("gate");
  expect_reading();
  const Ran ran = run({"doctor"});
  EXPECT_EQ(ran.exit, ChildExit{.code = 1}) << ran.error_output;
  const std::string pid = std::to_string(holder.pid());
  EXPECT_THAT(ran.output, HasSubstr("fail  reachable: "));
  EXPECT_THAT(ran.output, HasSubstr("process " + pid + " holds the store's writer lock and is stopped"));
  EXPECT_THAT(ran.output, HasSubstr("kill -CONT " + pid));
  EXPECT_THAT(ran.output, HasSubstr("store: ")) << "and it looks at the rest";
}

TEST_F(StuckWriter, OfAForeignProgramHindersNoReadingEither) {
  publish("o-1");
  open()->consumer({.group = "billing", .instance = "test", .topic = "orders"}).value().reset();
  const ChildProcess holder = stop_holding("lmdb");
  expect_reading();
  const Ran ran = run({"doctor"});
  EXPECT_EQ(ran.exit, ChildExit{.code = 1}) << ran.error_output;
  EXPECT_THAT(ran.output, HasSubstr("fuser"));
}

TEST_F(StuckWriter, IsNamedWhereAnOpeningHasToWrite) {
  publish("o-1");
  const ChildProcess holder = stop_holding("gate");
  const Ran ran = run({"--transport", url_ + "?size_max=2G", "topics"});
  EXPECT_EQ(ran.exit, ChildExit{.code = 3});
  EXPECT_THAT(ran.error_output, HasSubstr("process " + std::to_string(holder.pid())));
  EXPECT_THAT(run({"topics"}).output, HasSubstr("orders")) << "nobody is kept out by it";
}

// E2
TEST_F(Program, TheDoctorFindsADamagedStoreBeforeItIsOpened) {
  publish("o-1");
  const auto file = std::filesystem::path{directory_} / "data.mdb";
  std::fstream damaged{file, std::ios::binary | std::ios::in | std::ios::out};
  damaged.seekp(2 * 4'096);  // behind the pages that name all others
  damaged << std::string(std::filesystem::file_size(file) - 2 * 4'096, '\0');
  damaged.close();
  const Ran ran = run({"doctor"});
  EXPECT_EQ(ran.exit, ChildExit{.code = 3}) << ran.output;
  EXPECT_THAT(ran.output, HasSubstr("is damaged: it cannot be read through"));
  EXPECT_THAT(ran.output, HasSubstr("restore a backup"));
}

TEST_F(Program, SaysThatAFullStoreRefusesPublishes) {
  publish("o-1");
  const std::string line = R"({"data":")" + std::string(2'000, 'x') + "\"}\n";
  const std::string small = url_ + "?size_max=1M";
  std::string lines;
  for (int i = 0; i < 2'000; ++i) lines += line;
  const auto file = scratch_.write("lines.ndjson", lines);
  const auto fill = [&] { return run({"--transport", small, "publish", "orders", "--type", "T", "--file", file}); };
  const Ran ran = fill();
  EXPECT_EQ(ran.exit, ChildExit{.code = 1});
  EXPECT_THAT(ran.error_output, HasSubstr("overloaded: the store has no room for"));
  const auto confirmed = std::strtoul(ran.output.c_str(), nullptr, 10);
  EXPECT_GT(confirmed, 200u) << "what fits is taken: " << ran.output;
  EXPECT_LT(confirmed, 600u);
  const Ran doctor = run({"doctor"});
  EXPECT_EQ(doctor.exit, ChildExit{.code = 1});
  EXPECT_THAT(doctor.output, HasSubstr("publishes are refused now"));
}

TEST_F(Program, FitsItsHelpInto80Columns) {
  std::istringstream help{run({"--help"}).output};
  for (std::string line; std::getline(help, line);) EXPECT_LE(line.size(), 80u) << line;
}

TEST_F(Program, ListsItsTransportsWhenItDoesNotKnowOne) {
  const Ran ran = run({"--transport", "carrier-pigeon://roof", "topics"});
  EXPECT_EQ(ran.exit, ChildExit{.code = 2});
  EXPECT_THAT(ran.error_output, HasSubstr("local:"));
}

}  // namespace
}  // namespace tidings
