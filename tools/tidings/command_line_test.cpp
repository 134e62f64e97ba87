#include "tools/tidings/command_line.hpp"

#include <gmock/gmock.h>

#include "tests/cli/run_in_test.hpp"
#include "tests/support/scratch_directory.hpp"

namespace tidings::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tidings::testing::ScratchDirectory;

class CommandLine : public ::testing::Test {
 protected:
  CommandLine() { canned_->topics = {{.name = "orders"}}; }

  RunResult run(std::vector<std::string> arguments, std::string input = {}) {
    return run_in_test({.arguments = std::move(arguments), .input = std::move(input), .environment = environment_},
                       canned_);
  }
  RunResult run_on_canned(std::vector<std::string> arguments, std::string input = {}) {
    arguments.insert(arguments.begin(), {"--transport", "canned:"});
    return run(std::move(arguments), std::move(input));
  }

  std::map<std::string, std::string> environment_;
  std::shared_ptr<operate::Canned> canned_ = std::make_shared<operate::Canned>();
};

// A37: precedence flag > environment > file > default.
TEST_F(CommandLine, TakesTheTransportFromTheNearestPlace) {
  const ScratchDirectory scratch;
  const std::string file = scratch.write("c.toml", "transport = \"canned:file\"\nother = 1\n").string();
  EXPECT_THAT(run({"--config", file, "topics"}).opened, ElementsAre("canned:file"));
  environment_["TIDINGS_TRANSPORT"] = "canned:environment";
  EXPECT_THAT(run({"--config", file, "topics"}).opened, ElementsAre("canned:environment"));
  EXPECT_THAT(run({"--config", file, "--transport", "canned:flag", "topics"}).opened, ElementsAre("canned:flag"));
  EXPECT_THAT(run({"topics", "--transport", "canned:behind"}).opened, ElementsAre("canned:behind"));
}

TEST_F(CommandLine, FallsBackToTheDirectoryHereAndCreatesNone) {
  const RunResult result = run({"topics"});
  EXPECT_EQ(result.code, 3);
  EXPECT_THAT(result.err, HasSubstr("there is no event store in './.tidings'"));
  EXPECT_THAT(result.opened, IsEmpty());
}

// Every command that only looks, or repairs.
TEST_F(CommandLine, NeverMakesAStoreByLooking) {
  const ScratchDirectory scratch;
  const std::string url = "local:" + (scratch / "none").string();
  const std::vector<std::vector<std::string>> commands{{"topics"},
                                                       {"groups"},
                                                       {"groups", "remove", "g"},
                                                       {"lag"},
                                                       {"tail", "orders"},
                                                       {"publish", "orders", "--type", "T", "--data", "1"},
                                                       {"dead", "list"},
                                                       {"dead", "show", "1"},
                                                       {"dead", "replay", "--all"},
                                                       {"dead", "discard", "--all"},
                                                       {"replay", "--group", "g", "--topic", "t", "--from", "-1h"},
                                                       {"doctor"},
                                                       {"backup", "copy"}};
  for (auto command : commands) {
    command.insert(command.begin(), {"--transport", url});
    const RunResult result = run(command);
    EXPECT_EQ(result.code, 3) << command[2];
    EXPECT_THAT(result.opened, IsEmpty()) << command[2];
  }
  EXPECT_FALSE(std::filesystem::exists(scratch / "none"));
}

TEST_F(CommandLine, LooksIntoNoOtherProcess) {
  for (const char* command : {"topics", "lag", "doctor"}) {
    const RunResult result = run({"--transport", "memory:", command});
    EXPECT_EQ(result.code, 2) << command;
    EXPECT_THAT(result.err, HasSubstr("`memory:` lives in the process of one service")) << command;
    EXPECT_THAT(result.opened, IsEmpty()) << command;
  }
  EXPECT_EQ(run({"--transport", "memory:", "publish", "t", "--create-topic", "--type", "T", "--data", "1"}).code, 2);
}

TEST_F(CommandLine, MakesAStoreWhenItIsToldToCreateATopic) {
  const ScratchDirectory scratch;
  const std::string url = "local:" + (scratch / "none").string();
  EXPECT_THAT(run({"--transport", url, "publish", "new", "--create-topic", "--type", "T", "--data", "1"}).opened,
              ElementsAre(url));
}

TEST_F(CommandLine, RefusesAValueWhereAFlagTakesNone) {
  const RunResult watch = run({"lag", "--watch=0"});
  EXPECT_EQ(watch.code, 2);
  EXPECT_THAT(watch.err, HasSubstr("--watch takes no value: write --watch, or leave it out; see `tidings lag --help`"));
  EXPECT_THAT(watch.opened, IsEmpty());
  EXPECT_EQ(run({"--json=false", "topics"}).code, 2);
  EXPECT_EQ(run({"dead", "discard", "--all", "--dry-run=false"}).code, 2);
}

// A37: exit codes.
TEST_F(CommandLine, TellsWrongUsageFromAnAbsentTransport) {
  EXPECT_EQ(run({}).code, 2);
  EXPECT_EQ(run({"--help"}).code, 0);
  EXPECT_EQ(run({"dead", "list", "--help"}).code, 0);
  EXPECT_EQ(run({"no-such-command"}).code, 2);
  EXPECT_EQ(run({"topics", "--no-such-flag"}).code, 2);
  EXPECT_EQ(run({"--transport", "no url", "topics"}).code, 2);
  EXPECT_EQ(run({"--transport", "wrong:", "topics"}).code, 2);
  EXPECT_EQ(run({"--transport", "gone:", "topics"}).code, 3);
  EXPECT_EQ(run({"--transport", "gone:", "doctor"}).code, 3);
  EXPECT_EQ(run_on_canned({"topics"}).code, 0);
  EXPECT_EQ(run_on_canned({"tail", "order"}).code, 1);
  EXPECT_EQ(run_on_canned({"tail", "orders", "--from", "yesterday"}).code, 2);
  EXPECT_EQ(run_on_canned({"dead", "list", "--since", "yesterday"}).code, 2);
  EXPECT_EQ(run_on_canned({"dead", "show", "x"}).code, 1);
  EXPECT_EQ(run_on_canned({"dead", "replay", "x"}).code, 1);
  EXPECT_EQ(run_on_canned({"groups", "remove", "x"}).code, 1);
}

TEST_F(CommandLine, RefusesNumbersThatAreNone) {
  for (const char* limit : {"-1", "0", "ten", "1.5", "99999999999999999999"}) {
    const RunResult result = run_on_canned({"tail", "orders", "--limit", limit});
    EXPECT_EQ(result.code, 2) << limit;
    EXPECT_THAT(result.err, HasSubstr("is no whole number from 1 to")) << limit;
    EXPECT_EQ(run_on_canned({"dead", "list", "--limit", limit}).code, 2) << limit;
    EXPECT_EQ(run_on_canned({"lag", "--queue-warn", limit}).code, 2) << limit;
  }
  for (const char* rate : {"-1", "nan", "inf", "fast"}) {
    EXPECT_EQ(run_on_canned({"dead", "replay", "--all", "--rate", rate}).code, 2) << rate;
  }
}

TEST_F(CommandLine, TellsWhatAWrongWordMayMean) {
  EXPECT_THAT(run({"lagg"}).err, HasSubstr("'lagg' is no command; did you mean 'lag'?"));
  EXPECT_THAT(run({"dead", "lits"}).err, HasSubstr("'lits' is no command; did you mean 'list'?"));
  const RunResult reason = run_on_canned({"dead", "list", "--reason", "fialed"});
  EXPECT_EQ(reason.code, 2);
  EXPECT_THAT(reason.err, HasSubstr("'fialed'; the reasons are failed, rejected"));
}

TEST_F(CommandLine, CleansWhatItRepeatsOfItsArguments) {
  const RunResult result = run_on_canned({"publish", "or\x1b[31mders", "--create-topic", "--type", "T", "--data", "1"});
  EXPECT_THAT(result.out + result.err, ::testing::Not(HasSubstr("\x1b")));
}

TEST_F(CommandLine, RefusesABrokenFileThoughTheTransportIsNamedElsewhere) {
  EXPECT_EQ(run_on_canned({"--config", "/no/such/file", "topics"}).code, 2);
}

TEST_F(CommandLine, RefusesAFileThatNamesNoTransport) {
  const ScratchDirectory scratch;
  const RunResult without = run({"--config", scratch.write("a.toml", "trasnport = \"x\"\n").string(), "topics"});
  EXPECT_EQ(without.code, 2);
  EXPECT_THAT(without.err, HasSubstr("names no transport"));
  const RunResult broken = run({"--config", scratch.write("b.toml", "transport = \n").string(), "topics"});
  EXPECT_EQ(broken.code, 2);
  EXPECT_THAT(broken.err, HasSubstr("line 1"));
  EXPECT_EQ(run({"--config", (scratch / "none.toml").string(), "topics"}).code, 2);
}

TEST_F(CommandLine, WritesErrorsAsJsonWhenAsked) {
  const RunResult result = run({"--json", "--transport", "gone:", "topics"});
  EXPECT_EQ(result.err, "{\"error\":\"nobody answers\",\"kind\":\"unavailable\"}\n");
  EXPECT_EQ(result.out, "");
}

TEST_F(CommandLine, PublishesWhatComesOnStandardInput) {
  const RunResult result =
      run_on_canned({"--json", "publish", "orders", "--type", "T", "--file", "-"}, "{\"data\":1}\nx\n{\"data\":2}");
  EXPECT_EQ(result.code, 1);
  ASSERT_THAT(canned_->published, SizeIs(2));
  EXPECT_THAT(result.out, HasSubstr(R"({"line":1,"id":")" + canned_->published[0].id + "\"}\n"));
  EXPECT_THAT(result.out, HasSubstr(R"({"line":2,"error":")"));
  EXPECT_THAT(result.out, HasSubstr(R"({"line":3,"id":")" + canned_->published[1].id + "\"}\n"));
}

TEST_F(CommandLine, PublishesOneEventThoughItsDataHasSeveralLines) {
  EXPECT_EQ(run_on_canned({"publish", "orders", "--type", "T", "--data", "{\n\"a\": 1\n}"}).code, 0);
  EXPECT_THAT(canned_->published, SizeIs(1));
}

TEST_F(CommandLine, SaysWhatToDoWhereATransportMakesNoBackup) {
  const RunResult result = run_on_canned({"backup", "copy"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("`canned:` makes no backup"));
  EXPECT_THAT(result.err, HasSubstr("its own tools"));
  EXPECT_EQ(run({"--transport", "memory:", "backup", "copy"}).code, 2);
}

TEST_F(CommandLine, WantsOneSourceOfEvents) {
  EXPECT_EQ(run_on_canned({"publish", "orders", "--type", "T"}).code, 2);
  EXPECT_EQ(run_on_canned({"publish", "orders", "--type", "T", "--data", "1", "--file", "-"}).code, 2);
  EXPECT_EQ(run_on_canned({"publish", "orders", "--data", "1"}).code, 2);
  EXPECT_EQ(run_on_canned({"publish", "orders", "--file", "/no/such/file"}).code, 2);
}

// Nobody discards everything by forgetting a filter.
TEST_F(CommandLine, ActsOnAllDeadLettersOnlyWhenToldSo) {
  canned_->dead = {{.id = "a", .group = "g"}, {.id = "b", .group = "h"}};
  EXPECT_EQ(run_on_canned({"dead", "discard"}).code, 2);
  EXPECT_EQ(run_on_canned({"dead", "discard", "a", "--group", "g"}).code, 2);
  EXPECT_EQ(run_on_canned({"dead", "discard", "--all", "--dry-run"}).code, 0);
  EXPECT_THAT(canned_->dead, SizeIs(2));
  EXPECT_EQ(run_on_canned({"dead", "discard", "--group", "g"}).code, 0);
  EXPECT_THAT(canned_->discarded, ElementsAre("a"));
  EXPECT_EQ(run_on_canned({"dead", "discard", "--all"}).code, 0);
  EXPECT_THAT(canned_->dead, IsEmpty());
}

}  // namespace
}  // namespace tidings::cli
