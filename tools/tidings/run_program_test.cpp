#include "tools/tidings/run_program.hpp"

#include <gmock/gmock.h>

namespace tidings::cli {
namespace {

using ::testing::HasSubstr;

TEST(RunProgram, GivesOutputAndExitCode) {
  const auto ran = run_program({"sh", "-c", "echo $0 $1; cat; exit 3", "a b", "c"});
  ASSERT_TRUE(ran) << ran.error().message;
  EXPECT_EQ(ran->output, "a b c\n");
  EXPECT_EQ(ran->code, 3);
  EXPECT_EQ(run_program({"sh", "-c", "kill -TERM $$"})->code, 128 + 15);
}

TEST(RunProgram, SaysWhatDoesNotStart) {
  const auto none = run_program({"/nowhere/program"});
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message, HasSubstr("/nowhere/program does not start: No such file"));
}

TEST(ScriptsFolder, IsThatOfTheSourcesWhereNothingIsInstalled) {
  EXPECT_THAT(scripts_folder(), ::testing::EndsWith("/scripts"));
}

}  // namespace
}  // namespace tidings::cli
