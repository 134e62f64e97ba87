#include "tools/tidings/completion.hpp"

#include <gmock/gmock.h>

#include <sstream>

#include "tests/cli/run_in_test.hpp"
#include "tests/support/scratch_directory.hpp"

// The scripts are run by the shells themselves, on what people type.
namespace tidings::cli {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using tidings::testing::ScratchDirectory;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream{text};
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string printed(const std::string& shell) {
  return run_in_test({.arguments = {"completion", shell}}, std::make_shared<operate::Canned>()).out;
}

// The words of a command line as bash splits it, the last one is the one at the cursor.
std::vector<std::string> completed_by_bash(const std::string& words) {
  const ScratchDirectory scratch;
  const std::string script = scratch.write("completion", printed("bash")).string();
  const auto ran = run_program({"bash", "-euc",
                                ". " + script + "; COMP_WORDS=(" + words +
                                    "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _tidings; "
                                    "((${#COMPREPLY[@]} == 0)) || printf '%s\\n' \"${COMPREPLY[@]}\""});
  EXPECT_TRUE(ran);
  EXPECT_EQ(ran->code, 0) << words;
  return lines_of(ran->output);
}

std::vector<std::string> completed_by_fish(const std::string& typed) {
  const ScratchDirectory scratch;
  const std::string script = scratch.write("completion", printed("fish")).string();
  const auto ran = run_program({"fish", "--no-config", "-c", "source " + script + "; complete -C '" + typed + "'"});
  EXPECT_TRUE(ran);
  EXPECT_EQ(ran->code, 0) << typed;
  std::vector<std::string> words = lines_of(ran->output);
  for (std::string& word : words) word = word.substr(0, word.find('\t'));
  return words;
}

TEST(Completion, BashKnowsWhatComesNext) {
  EXPECT_THAT(completed_by_bash("tidings ''"), AllOf(Contains("publish"), Contains("dead"), Contains("--transport")));
  EXPECT_THAT(completed_by_bash("tidings re"), ElementsAre("replay"));
  EXPECT_THAT(completed_by_bash("tidings dead ''"),
              AllOf(Contains("list"), Contains("discard"), Not(Contains("publish"))));
  EXPECT_THAT(completed_by_bash("tidings dead list --gr"), ElementsAre("--group"));
  EXPECT_THAT(completed_by_bash("tidings dev kafka up --s"), ElementsAre("--secure"));
  EXPECT_THAT(completed_by_bash("tidings lag --js"), ElementsAre("--json"));
}

TEST(Completion, BashTakesNoValueForACommand) {
  EXPECT_THAT(completed_by_bash("tidings --transport ''"), IsEmpty());
  EXPECT_THAT(completed_by_bash("tidings --transport dead re"), ElementsAre("replay"));
  EXPECT_THAT(completed_by_bash("tidings --transport = dead re"), ElementsAre("replay"));
  EXPECT_THAT(completed_by_bash("tidings --transport local : dead re"), ElementsAre("replay"));
  EXPECT_THAT(completed_by_bash("tidings tail dead --fo"), ElementsAre("--follow"));
}

TEST(Completion, FishKnowsWhatComesNext) {
  EXPECT_THAT(completed_by_fish("tidings re"), ElementsAre("replay"));
  EXPECT_THAT(completed_by_fish("tidings --transport dead dead li"), ElementsAre("list"));
  EXPECT_THAT(completed_by_fish("tidings dead list --gr"), ElementsAre("--group"));
}

// zsh completes on a terminal only: what it would offer is asked of its own helpers.
TEST(Completion, ZshKnowsWhatComesNext) {
  const ScratchDirectory scratch;
  const std::string script = scratch.write("completion", printed("zsh")).string();
  const auto completed = [&](const std::string& words) {
    const auto ran =
        run_program({"zsh", "-fc",
                     "compdef() { :; }; _files() { print FILES; }; _describe() { print -rl -- ${(P)@[-1]}; }; . " +
                         script + "; words=(" + words + "); CURRENT=$#words; _tidings"});
    EXPECT_TRUE(ran);
    EXPECT_EQ(ran->code, 0) << words;
    return lines_of(ran->output);
  };
  EXPECT_THAT(completed("tidings ''"), Contains("replay:Hand a past range to one group again"));
  EXPECT_THAT(completed("tidings --transport dead dead ''"),
              AllOf(SizeIs(4), Contains("list:The dead letters, oldest first")));
  EXPECT_THAT(completed("tidings dead list --"), Contains(::testing::StartsWith("--group:")));
  EXPECT_THAT(completed("tidings --transport ''"), ElementsAre("FILES"));
}

// Nothing of a help text can end its quotes.
TEST(Completion, HelpIsQuoted) {
  const Completions completions{.commands = {{.path = "", .commands = {{"a", "it's \\ $(b)"}}, .options = {}}},
                                .value_options = {"--x"}};
  EXPECT_THAT(completion_script(completions, Shell::fish), ::testing::HasSubstr("-a a -d 'its  $(b)'"));
  EXPECT_THAT(completion_script(completions, Shell::zsh), ::testing::HasSubstr("commands=('a:its  $(b)')"));
}

}  // namespace
}  // namespace tidings::cli
