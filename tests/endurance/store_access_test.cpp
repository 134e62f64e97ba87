// E2: a store that this user may not read or write, whole or in part, is told so, and is as it was afterwards.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/support/child_process.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/private_mounts.hpp"
#include "tests/support/scratch_directory.hpp"
#include "transport/local/local_transport.hpp"

namespace tidings::local {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::string kBody(10'000, 'x');  // it takes pages of its own

class StoreAccessTest : public ::testing::Test {
 protected:
  StoreAccessTest() {
    fs::permissions(scratch_.path(), fs::perms{0755});
    publish("before");
    EXPECT_EQ(kept(), "before");
  }

  // Opens the store, and has an event confirmed.
  void publish(const std::string& id) const {
    const auto executor = thread_executor();
    const auto opened = open_local(transport::Url{.scheme = "local", .path = directory_}, executor);
    ASSERT_TRUE(opened) << opened.error().message;
    const auto declared = (*opened)->declare({.topics = {{.name = "orders"}}});
    ASSERT_TRUE(declared) << declared.error().message;
    const auto publisher = (*opened)->publisher({}).value();
    Result<void> answer = unavailable("no answer");
    publisher->send({{.topic = "orders", .id = id, .type = "Numbered", .body = kBody}},
                    [&](std::size_t, Result<void> outcome) { answer = std::move(outcome); });
    EXPECT_TRUE(publisher->flush(executor->now() + std::chrono::seconds{20}));
    EXPECT_TRUE(answer) << answer.error().message;
  }
  // The ids of all events that are there, or the error in words.
  std::string kept() const {
    const auto opened = open_local(transport::Url{.scheme = "local", .path = directory_}, thread_executor());
    if (!opened) return opened.error().message;
    std::vector<std::string> ids;
    const auto read = (*opened)->operations().history->read({.topic = "orders"}, {}, 100, [&](const auto& entry) {
      ids.push_back(std::string{entry.record.id} + (entry.record.body == kBody ? "" : " with another body"));
      return true;
    });
    return read ? fmt::format("{}", fmt::join(ids, ", ")) : read.error().message;
  }

  // "opened", or the error in words.
  std::string open(const std::string& directory) const {
    const auto opened = open_local(transport::Url{.scheme = "local", .path = directory}, thread_executor());
    return opened ? "opened" : std::string{to_string(opened.error().kind)} + ": " + opened.error().message;
  }
  std::string open_as_nobody(const std::string& directory) const {
    return testing::as_nobody([&] { return open(directory); });
  }
  // All of the store belongs to everybody.
  void grant_all() const {
    fs::permissions(directory_, fs::perms{0777});
    for (const auto& entry : fs::directory_iterator{directory_}) fs::permissions(entry.path(), fs::perms{0666});
  }
  void grant_all_but(const std::string& file, unsigned mode) const {
    grant_all();
    fs::permissions(fs::path{directory_} / file, fs::perms{mode});
  }

  testing::ScratchDirectory scratch_;
  const std::string directory_ = scratch_ / "store";
};

TEST_F(StoreAccessTest, IsNamedForEachFileThatMayNotBeReadOrWritten) {
  // Which file, with what rights, and what the error names.
  const std::vector<std::tuple<std::string, unsigned, std::string>> refused{
      {"", 0000, directory_},         {"", 0555, directory_},         {"format", 0000, "format"},
      {"data.mdb", 0000, directory_}, {"data.mdb", 0444, directory_}, {"lock.mdb", 0000, "lock.mdb"},
      {"lock.mdb", 0444, "lock.mdb"}, {"wake", 0000, "wake"},         {"wake", 0444, "wake"}};
  for (const auto& [file, mode, named] : refused) {
    grant_all_but(file, mode);
    const std::string said = open_as_nobody(directory_);
    EXPECT_THAT(said, StartsWith("invalid: ")) << file << " " << mode;
    EXPECT_THAT(said, HasSubstr(named)) << file << " " << mode;
    EXPECT_THAT(said, HasSubstr("this user may")) << file << " " << mode;
    grant_all();
    EXPECT_EQ(testing::as_nobody([&] { return kept(); }), "before") << file << " " << mode;
  }
  grant_all_but("format", 0444);
  EXPECT_EQ(open_as_nobody(directory_), "opened") << "which nobody writes";
  fs::permissions(directory_, fs::perms{0700});
  publish("after");
  EXPECT_EQ(kept(), "before, after");
}

TEST_F(StoreAccessTest, IsNamedWhereNoStoreCanBeMade) {
  fs::create_directory(scratch_ / "closed");
  fs::permissions(scratch_ / "closed", fs::perms{0555});
  for (const std::string place : {"closed", "closed/new", "closed/new/deep"}) {
    const std::string said = open_as_nobody(scratch_ / place);
    EXPECT_THAT(said, StartsWith("invalid: ")) << place;
    EXPECT_THAT(said, HasSubstr("choose a directory that this user may write to")) << place;
  }
  EXPECT_TRUE(fs::is_empty(scratch_ / "closed"));
  fs::permissions(scratch_ / "closed", fs::perms{0755});
}

// Of root, too.
TEST_F(StoreAccessTest, IsNamedOnAReadOnlyMount) {
  if (const std::string missing = testing::enter_private_mounts(); !missing.empty()) GTEST_SKIP() << missing;
  {
    const auto mounted = testing::PrivateMount::read_only(scratch_.path());
    const std::vector<fs::path> places{directory_, scratch_ / "new"};
    for (const fs::path& place : places) {
      const std::string said = open(place);
      EXPECT_THAT(said, StartsWith("invalid: ")) << place;
      EXPECT_THAT(said, HasSubstr("Read-only file system")) << place;
    }
  }
  publish("after");
  EXPECT_EQ(kept(), "before, after");
}

// A real one, though its other end is here: its memory is shared by the processes of one machine only.
TEST_F(StoreAccessTest, IsRefusedOnANetworkFileSystem) {
  if (const std::string missing = testing::enter_private_mounts(); !missing.empty()) GTEST_SKIP() << missing;
  for (const char* needed : {"/usr/bin/sshfs", "/usr/lib/openssh/sftp-server", "/dev/fuse"}) {
    if (::access(needed, R_OK) != 0) GTEST_SKIP() << "no " << needed << " for us here";
  }
  const std::string far = scratch_ / "far", near = scratch_ / "near", there = scratch_ / "there",
                    back = scratch_ / "back";
  fs::create_directory(far);
  fs::create_directory(near);
  for (const std::string& pipe : {there, back}) ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const auto shell = [](const std::string& command) {
    return testing::ChildProcess{{.program = "/bin/sh", .arguments = {"-c", command}}};
  };
  const auto server = shell("exec /usr/lib/openssh/sftp-server <'" + there + "' >'" + back + "'");
  const auto client = shell("exec sshfs -f -o passive :'" + far + "' '" + near + "' >'" + there + "' <'" + back + "'");
  std::ofstream{far + "/sign"} << "far";
  if (!testing::eventually([&] { return fs::exists(near + "/sign"); })) GTEST_SKIP() << client.error_output();
  const std::string said = open(near + "/new");
  EXPECT_THAT(said, StartsWith("unsupported: "));
  EXPECT_THAT(said, HasSubstr("network file system (fuse.sshfs)"));
  EXPECT_THAT(said, HasSubstr("choose a local disk"));
  ::umount2(near.c_str(), MNT_DETACH);
}

}  // namespace
}  // namespace tidings::local
