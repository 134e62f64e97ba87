// E4: a backup that is killed, or whose disk is full, leaves nothing that opens as a store.
#include <gmock/gmock.h>

#include <csignal>
#include <filesystem>

#include "tests/support/child_process.hpp"
#include "tests/support/scratch_directory.hpp"
#include "transport/local/local_transport.hpp"
#include "transport/local/storage/store_directory.hpp"

namespace tidings::local {
namespace {

namespace fs = std::filesystem;
using testing::ChildExit;
using ::testing::HasSubstr;
using testing::Ran;

class BackupProcessTest : public ::testing::Test {
 protected:
  BackupProcessTest() {
    const auto transport = open_local({.scheme = "local", .path = directory_, .options = {}}, executor_).value();
    EXPECT_TRUE(transport->declare({.topics = {{.name = "orders"}, {.name = "payments"}}, .published = {}}));
    std::vector<transport::Record> records(300, {.topic = "orders", .id = "x", .body = std::string(2'000, 'x')});
    const auto publisher = transport->publisher({}).value();
    publisher->send(std::move(records), [](std::size_t, const Result<void>& outcome) { EXPECT_TRUE(outcome); });
    EXPECT_TRUE(publisher->flush(executor_->now() + std::chrono::seconds{20}));
  }

  Ran run(std::vector<std::string> arguments, const std::string& fault = "") const {
    arguments.insert(arguments.begin(), directory_);
    std::map<std::string, std::string> environment;
    if (!fault.empty()) environment.emplace("TIDINGS_FAULT", fault);
    return testing::run_program({.program = CRASH_CHILD, .arguments = arguments, .environment = environment});
  }
  Error refusal_of_copy() const {
    const auto opened = open_local({.scheme = "local", .path = copy_, .options = {}}, executor_);
    return opened ? Error{ErrorKind::unavailable, "it was opened"} : opened.error();
  }

  testing::ScratchDirectory scratch_;
  const std::string directory_ = scratch_ / "store";
  const std::string copy_ = scratch_ / "copy";
  std::shared_ptr<Executor> executor_ = thread_executor();
};

class KilledBackupTest : public BackupProcessTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(KilledBackupTest, IsNoStore) {
  const Ran ran = run({"backup", copy_}, GetParam());
  EXPECT_EQ(ran.exit, (ChildExit{.code = -1, .signal = SIGKILL})) << ran.error_output;
  EXPECT_FALSE(*holds_store(copy_));
  const Error error = refusal_of_copy();
  EXPECT_EQ(error.kind, ErrorKind::invalid);
  EXPECT_THAT(error.message, HasSubstr("a backup that was cut off"));
  EXPECT_THAT(run({"backup", copy_}).error_output, HasSubstr("a backup that was cut off"));

  EXPECT_EQ(run({"publish", "1"}).exit, (ChildExit{.code = 0})) << "the store works on";
  const Ran other = run({"backup", scratch_ / "other"});
  EXPECT_EQ(other.exit, (ChildExit{.code = 0})) << other.error_output;
}

INSTANTIATE_TEST_SUITE_P(Points, KilledBackupTest,
                         ::testing::Values("backup_piece:1", "backup_piece:2", "backup_copied:1", "backup_verified:1"),
                         [](const auto& tested) {
                           std::string name = tested.param;
                           name[name.find(':')] = '_';
                           return name;
                         });

TEST_F(BackupProcessTest, IsAStoreOnceItIsCompleteThoughNobodyWasTold) {
  EXPECT_EQ(run({"backup", copy_}, "backup_completed:1").exit, (ChildExit{.code = -1, .signal = SIGKILL}));
  EXPECT_TRUE(*holds_store(copy_));
  EXPECT_EQ(refusal_of_copy().message, "it was opened");
}

TEST_F(BackupProcessTest, LeavesNothingWhenItCannotBeWritten) {
  constexpr const char* kInputOutputError = "backup_piece:2:5";
  const Ran ran = run({"backup", copy_}, kInputOutputError);
  EXPECT_EQ(ran.exit, (ChildExit{.code = 1}));
  EXPECT_THAT(ran.error_output, HasSubstr("Input/output error"));
  EXPECT_FALSE(fs::exists(copy_));
}

// A disk of its own, in a mount namespace, which holds half of the copy.
TEST_F(BackupProcessTest, SaysThatItsDiskIsFullAndLeavesNothing) {
  const std::string disk = scratch_ / "disk";
  fs::create_directory(disk);
  const auto in_namespace = [](const std::string& script) {
    return testing::run_program({.program = "/usr/bin/unshare", .arguments = {"-Urm", "/bin/sh", "-c", script}});
  };
  const std::string mount = "mount -t tmpfs -o size=256k none '" + disk + "' || exit 77; ";
  if (in_namespace(mount).exit != ChildExit{.code = 0}) GTEST_SKIP() << "no mount namespaces here";
  const Ran ran = in_namespace(mount + "'" CRASH_CHILD "' '" + directory_ + "' backup '" + disk +
                               "/copy'; code=$?; ls -A '" + disk + "'; exit $code");
  EXPECT_EQ(ran.exit, (ChildExit{.code = 1}));
  EXPECT_THAT(ran.error_output, HasSubstr("No space left on device; make room on this disk"));
  EXPECT_EQ(ran.output, "");
}

}  // namespace
}  // namespace tidings::local
