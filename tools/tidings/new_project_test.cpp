#include "tools/tidings/new_project.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "tests/cli/run_in_test.hpp"
#include "tests/support/scratch_directory.hpp"
#include "tools/tidings/init_files.hpp"

namespace tidings::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using tidings::testing::ScratchDirectory;

std::string text_of(const fs::path& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::size_t entries(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator{folder}, fs::directory_iterator{}));
}

RunResult init(const fs::path& directory, bool json = false) {
  std::vector<std::string> arguments{"init", directory.string()};
  if (json) arguments.insert(arguments.begin(), "--json");
  return run_in_test({.arguments = arguments}, std::make_shared<operate::Canned>());
}

TEST(NewProject, HasItsNameInEachFileThatNeedsIt) {
  const ScratchDirectory scratch;
  const auto project = make_project(scratch / "services" / "order-watcher");
  ASSERT_TRUE(project) << project.error().message;
  EXPECT_EQ(project->files.size(), init_files().size());
  const fs::path folder{project->directory};
  EXPECT_THAT(text_of(folder / "CMakeLists.txt"), HasSubstr("project(order-watcher LANGUAGES CXX)"));
  EXPECT_THAT(text_of(folder / "main.cpp"), HasSubstr("tidings::Service service{\"order-watcher\"};"));
  for (const std::string& name : project->files) {
    EXPECT_THAT(text_of(folder / name), Not(HasSubstr("{{"))) << name;
    EXPECT_FALSE(text_of(folder / name).empty()) << name;
  }
  EXPECT_EQ(entries(scratch / "services"), 1u) << "something was left beside it";
}

TEST(NewProject, TakesAnEmptyFolder) {
  const ScratchDirectory scratch;
  fs::create_directory(scratch / "empty");
  EXPECT_TRUE(make_project(scratch / "empty/"));
  EXPECT_TRUE(fs::exists(scratch / "empty" / "main.cpp"));
}

TEST(NewProject, LeavesWhatIsThereAlone) {
  const ScratchDirectory scratch;
  fs::create_directory(scratch / "full");
  std::ofstream{scratch / "full" / "main.cpp"} << "mine";
  std::ofstream{scratch / "file"} << "mine";
  fs::create_symlink(scratch / "nowhere", scratch / "link");
  for (const char* name : {"full", "file", "link"}) {
    const auto project = make_project(scratch / name);
    ASSERT_FALSE(project) << name;
    EXPECT_EQ(project.error().kind, ErrorKind::invalid);
    EXPECT_THAT(project.error().message, HasSubstr("is there, and is no empty folder"));
  }
  EXPECT_EQ(text_of(scratch / "full" / "main.cpp"), "mine");
  EXPECT_EQ(entries(scratch / "full"), 1u);
  EXPECT_EQ(entries(scratch.path()), 3u) << "something was left beside them";
}

TEST(NewProject, LeavesNothingWhereItCannotWrite) {
  const ScratchDirectory scratch;
  std::ofstream{scratch / "file"} << "mine";
  const auto project = make_project(scratch / "file" / "order-watcher");
  ASSERT_FALSE(project);
  EXPECT_EQ(project.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(project.error().message, HasSubstr("nothing was left of it"));
}

TEST(NewProject, HasANameThatCmakeAndGroupsTake) {
  for (const char* name : {"a", "order-watcher", "order_2"}) EXPECT_TRUE(check_project_name(name)) << name;
  for (const char* name : {"", ".", "..", "Order", "2nd", "-x", "a b", "a;b", "a\"b", "a.b", "\xc3\xa4"}) {
    EXPECT_FALSE(check_project_name(name)) << name;
  }
  EXPECT_TRUE(check_project_name(std::string(kProjectNameMax, 'a')));
  EXPECT_FALSE(check_project_name(std::string(kProjectNameMax + 1, 'a')));
}

TEST(NewProject, IsToldWithTheNextStep) {
  const ScratchDirectory scratch;
  const RunResult result = init(scratch / "watcher");
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("/watcher has a small service, and its test:\n  CMakeLists.txt\n"));
  EXPECT_THAT(result.out, HasSubstr("/watcher && cmake -B build && cmake --build build && ctest --test-dir build\n"));
  const RunResult again = init(scratch / "watcher");
  EXPECT_EQ(again.code, 2);
  EXPECT_THAT(again.err, HasSubstr("is no empty folder"));
  const RunResult json = init(scratch / "other", true);
  EXPECT_THAT(json.out, StartsWith("{\"directory\":\""));
  EXPECT_THAT(json.out, HasSubstr("\"files\":[\"CMakeLists.txt\",\"main.cpp\""));
}

}  // namespace
}  // namespace tidings::cli
