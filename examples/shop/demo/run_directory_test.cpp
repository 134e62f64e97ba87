#include "run_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace shop {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class RunDirectoryTest : public ::testing::Test {
 protected:
  RunDirectoryTest()
      : path_{fs::path{::testing::TempDir()} /
              ("shop-run-" + std::string{::testing::UnitTest::GetInstance()->current_test_info()->name()})} {
    fs::remove_all(path_);
  }
  ~RunDirectoryTest() override { fs::remove_all(path_); }

  void put(const std::string& name) const {
    fs::create_directories(path_);
    std::ofstream{path_ / name} << "something";
  }

  fs::path path_;
};

// A1
TEST_F(RunDirectoryTest, StartsAfresh) {
  ASSERT_TRUE(begin_run(path_.string(), {1, 2}));
  put("order.db");
  ASSERT_TRUE(begin_run(path_.string(), {3, 4}));
  EXPECT_FALSE(fs::exists(path_ / "order.db"));
  auto plan = last_run(path_.string());
  ASSERT_TRUE(plan);
  EXPECT_EQ(*plan, (RunPlan{3, 4}));
}

TEST_F(RunDirectoryTest, DeletesNothingThatIsNotOurs) {
  put("thesis.doc");
  auto begun = begin_run(path_.string(), {1, 2});
  ASSERT_FALSE(begun);
  EXPECT_THAT(begun.error().message, HasSubstr("not deleted"));
  EXPECT_TRUE(fs::exists(path_ / "thesis.doc"));
}

TEST_F(RunDirectoryTest, CarriesNothingOnWhereNothingWasBegun) {
  auto plan = last_run(path_.string());
  ASSERT_FALSE(plan);
  EXPECT_THAT(plan.error().message, HasSubstr("no run to carry on"));
}

TEST_F(RunDirectoryTest, KeepsTheNewPlan) {
  ASSERT_TRUE(begin_run(path_.string(), {1, 2}));
  ASSERT_TRUE(note_plan(path_.string(), {1, 20}));
  EXPECT_EQ(last_run(path_.string())->orders, 20u);
}

}  // namespace
}  // namespace shop
