// A19: what is a store and what is not; what is said about a damaged one.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/support/scratch_directory.hpp"
#include "transport/local/local_transport.hpp"
#include "transport/local/storage/lmdb_environment.hpp"
#include "transport/local/storage/open_mark.hpp"
#include "transport/local/storage/store_directory.hpp"
#include "transport/local/storage/store_verification.hpp"

namespace tidings::local {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using transport::Transport;
using transport::Url;

class StoreOpeningTest : public ::testing::Test {
 protected:
  Result<std::unique_ptr<Transport>> open(const std::string& option = "", const std::string& value = "") {
    Url url{.scheme = "local", .path = path_};
    if (!option.empty()) url.options.emplace(option, value);
    return open_local(url, executor_);
  }
  void make() { ASSERT_TRUE(open()); }
  Error refusal(const std::string& option = "", const std::string& value = "") {
    const auto opened = open(option, value);
    return opened ? Error{ErrorKind::unavailable, "it was opened"} : opened.error();
  }
  // Whether it is confirmed.
  static Result<void> publish(Transport& transport, Executor& executor, const std::string& id) {
    if (auto declared = transport.declare({.topics = {{.name = "orders"}}}); !declared) return declared;
    auto publisher = transport.publisher({});
    if (!publisher) return publisher.error();
    Result<void> answer = unavailable("no answer");
    (*publisher)
        ->send({{.topic = "orders", .id = id, .type = "Numbered", .body = "x"}},
               [&](std::size_t, Result<void> outcome) { answer = std::move(outcome); });
    static_cast<void>((*publisher)->flush(executor.now() + std::chrono::seconds{20}));
    return answer;
  }
  void make_with(const std::string& id) {
    const auto transport = open();
    ASSERT_TRUE(transport);
    ASSERT_TRUE(publish(**transport, *executor_, id));
  }
  std::vector<std::string> kept() {
    const auto transport = open();
    EXPECT_TRUE(transport);
    std::vector<std::string> ids;
    if (!transport) return ids;
    EXPECT_TRUE((*transport)->operations().history->read({.topic = "orders"}, {}, 100, [&](const auto& entry) {
      ids.emplace_back(entry.record.id);
      return true;
    }));
    return ids;
  }
  void write(const std::string& file, const std::string& text) { std::ofstream{path_ / file} << text; }

  testing::ScratchDirectory scratch_;
  const fs::path path_ = scratch_ / "store";
  std::shared_ptr<Executor> executor_ = thread_executor();
};

TEST_F(StoreOpeningTest, MakesADirectoryThatOnlyItsOwnerMayRead) {
  make();
  struct stat facts {};
  ASSERT_EQ(::stat(path_.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0700u);
  EXPECT_TRUE(fs::exists(path_ / "format"));
  EXPECT_FALSE(fs::exists(path_ / "creating"));
}

TEST_F(StoreOpeningTest, RefusesADirectoryOfSomethingElse) {
  fs::create_directory(path_);
  write("letter.txt", "dear");
  const Error error = refusal();
  EXPECT_EQ(error.kind, ErrorKind::invalid);
  EXPECT_THAT(error.message, HasSubstr("no Tidings store"));
  EXPECT_TRUE(fs::exists(path_ / "letter.txt"));
}

TEST_F(StoreOpeningTest, RefusesAFile) {
  std::ofstream{path_} << "text";
  EXPECT_EQ(refusal().kind, ErrorKind::invalid);
}

TEST_F(StoreOpeningTest, RefusesAnotherFormatVersionAndLeavesItAsItIs) {
  make_with("before");
  std::ostringstream format;
  format << std::ifstream{path_ / "format"}.rdbuf();
  write("format", "tidings-local 2\n");
  const Error error = refusal();
  EXPECT_EQ(error.kind, ErrorKind::unsupported);
  EXPECT_THAT(error.message, HasSubstr("version 2"));
  write("format", format.str());
  EXPECT_THAT(kept(), ElementsAre("before")) << "whoever knows that version has all of it";
}

TEST_F(StoreOpeningTest, DoesNotMakeAStoreAnewWhoseDataIsMissing) {
  make();
  fs::remove(path_ / "data.mdb");
  EXPECT_EQ(refusal().kind, ErrorKind::corrupt);
}

TEST_F(StoreOpeningTest, BeginsAnewWhereTheMakingWasCutOff) {
  make();
  fs::remove(path_ / "format");
  write("creating", "");
  write("data.mdb", "half a page");
  EXPECT_TRUE(open());
}

TEST_F(StoreOpeningTest, RefusesAStoreThatIsCutOff) {
  {
    const auto transport = *open();
    ASSERT_TRUE(transport->declare({.topics = {{.name = "orders"}}}));
    const auto publisher = *transport->publisher({});
    std::vector<transport::Record> records(100, {.topic = "orders", .body = std::string(5'000, 'x')});
    publisher->send(std::move(records), [](std::size_t, const Result<void>&) {});
  }
  fs::resize_file(path_ / "data.mdb", fs::file_size(path_ / "data.mdb") / 2);
  const Error error = refusal();
  EXPECT_EQ(error.kind, ErrorKind::corrupt);
  EXPECT_THAT(error.message, HasSubstr("restore a backup"));
}

TEST_F(StoreOpeningTest, KeepsItsNumberOfPartitions) {
  ASSERT_TRUE(open("partitions", "8"));
  EXPECT_TRUE(open("partitions", "8"));
  const Error error = refusal("partitions", "16");
  EXPECT_EQ(error.kind, ErrorKind::invalid);
  EXPECT_THAT(error.message, HasSubstr("8 partitions"));
}

TEST_F(StoreOpeningTest, SharesOneStoreInAProcess) {
  const auto first = open();
  EXPECT_TRUE(open());
  EXPECT_EQ(refusal("sync", "none").kind, ErrorKind::invalid);
}

TEST_F(StoreOpeningTest, ReadsAStoreThroughAfterTheMachineWentDown) {
  make();
  write("open", "another-boot synced\n");
  EXPECT_EQ(OpenMark::left(path_), OpenMark::Left::machine);
  EXPECT_TRUE(open());
  EXPECT_TRUE(verify_store(path_));
}

TEST_F(StoreOpeningTest, RefusesAnUnsyncedStoreAfterTheMachineWentDown) {
  make();
  write("open", "another-boot unsynced\n");
  const Error error = refusal();
  EXPECT_EQ(error.kind, ErrorKind::corrupt);
  EXPECT_THAT(error.message, HasSubstr("sync=none"));
}

// P9
TEST_F(StoreOpeningTest, WaitsSoLongForOthersThatOpenItAndNoLonger) {
  make();
  const auto other = StoreDirectory::enter(path_, *executor_, executor_->now());
  ASSERT_TRUE(other);
  const auto refused = StoreDirectory::enter(path_, *executor_, executor_->now() + std::chrono::milliseconds{20});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(refused.error().message, HasSubstr("another process opens or closes the store"));
}

// E2: at whichever step of opening they run out, nothing is taken for damage.
TEST_F(StoreOpeningTest, SaysThatFileDescriptorsAreUsedUpAndOpensOnceThereAreSome) {
  make_with("before");
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::close(next);
  int refused = 0;
  bool opened = false;
  for (int spare = 0; spare < 40 && !opened; ++spare) {
    const rlimit few{.rlim_cur = static_cast<rlim_t>(next + spare), .rlim_max = before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    const auto tried = open();
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    opened = bool{tried};
    if (opened) continue;
    ++refused;
    EXPECT_EQ(tried.error().kind, ErrorKind::unavailable) << spare << ": " << tried.error().message;
    EXPECT_THAT(tried.error().message, HasSubstr("ulimit -n")) << spare;
  }
  EXPECT_TRUE(opened);
  EXPECT_GT(refused, 3);
  EXPECT_THAT(kept(), ElementsAre("before"));
}

// E2: an open store needs none to publish; where it does, it says so, and nothing that was confirmed is lost.
TEST_F(StoreOpeningTest, GoesOnWhileFileDescriptorsAreUsedUp) {
  make_with("before");
  {
    const auto transport = open();
    ASSERT_TRUE(transport);
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    const auto published = publish(**transport, *executor_, "meanwhile");
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_TRUE(published) << published.error().message;
    EXPECT_TRUE(publish(**transport, *executor_, "behind"));
  }
  EXPECT_THAT(kept(), ElementsAre("before", "meanwhile", "behind"));
}

TEST_F(StoreOpeningTest, RefusesAStoreThatLacksATree) {
  make();
  {
    fs::remove(path_ / "data.mdb");
    const auto bare = Environment::open(path_, 1u << 20, Sync::commit);
    ASSERT_TRUE(bare);
    ASSERT_TRUE(WriteTransaction{**bare}.commit());
  }
  const Error error = refusal();
  EXPECT_EQ(error.kind, ErrorKind::corrupt);
  EXPECT_THAT(error.message, HasSubstr("lacks one of its trees"));
}

TEST_F(StoreOpeningTest, ForgetsThatItWasUnsyncedWhenAllIsOnTheDisk) {
  {
    const auto opened = open("sync", "none");
    ASSERT_TRUE(opened);
    EXPECT_TRUE(fs::exists(path_ / "open"));
  }
  EXPECT_FALSE(fs::exists(path_ / "open"));
}

}  // namespace
}  // namespace tidings::local
