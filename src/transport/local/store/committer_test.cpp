// P1, P10: one transaction for all that waits; a failed one refuses all of it.
#include "transport/local/store/committer.hpp"

#include <gmock/gmock.h>
#include <pthread.h>

#include <atomic>
#include <ctime>
#include <fstream>

#include "tests/support/scratch_directory.hpp"
#include "tidings/transport/transport.hpp"
#include "transport/local/tables/topic_catalog.hpp"

namespace tidings::local {
namespace {

class CommitCounter final : public AtCommitEnd {
 public:
  void write(Commit&) override { ++commits_; }
  int commits() const { return commits_; }

 private:
  std::atomic<int> commits_ = 0;
};

class CountingOp final : public CommitOp {
 public:
  CountingOp(std::atomic<int>& applied, std::atomic<int>& finished, std::atomic<int>& refused,
             std::shared_ptr<CommitCounter> commits, Time deadline)
      : applied_{applied}, finished_{finished}, refused_{refused}, commits_{std::move(commits)}, deadline_{deadline} {}

  void apply(Commit& commit) override {
    ++applied_;
    next_number(commit.transaction(), "tests");
    commit.at_end(commits_);
  }
  void finish(const Result<void>& outcome) override {
    if (!outcome) ++refused_;
    ++finished_;
  }
  Time deadline() const override { return deadline_; }

 private:
  std::atomic<int>& applied_;
  std::atomic<int>& finished_;
  std::atomic<int>& refused_;
  const std::shared_ptr<CommitCounter> commits_;
  const Time deadline_;
};

class CommitterTest : public ::testing::Test {
 protected:
  CommitterTest() : wake_{*WakeFile::open(scratch_.path())} {
    environment_ = *Environment::open(scratch_.path(), 64u << 20, Sync::commit);
    EXPECT_TRUE(environment_->create_trees());
  }

  std::unique_ptr<Committer> make(const std::string& fault = "") {
    faults_ = std::make_shared<transport::FaultPlan>(fault);
    return std::make_unique<Committer>(CommitterParts{
        .executor = executor_, .environment = environment_, .wake = wake_, .space = space_, .faults = faults_});
  }
  void submit(Committer& committer, Duration within = 30s) {
    committer.submit(std::make_shared<CountingOp>(applied_, finished_, refused_, commits_, executor_->now() + within));
  }
  bool finish(int count) {
    const Time deadline = executor_->now() + 20s;
    while (finished_ < count && executor_->now() < deadline) executor_->sleep_until(executor_->now() + 1ms);
    return finished_ == count;
  }
  std::uint64_t stored() {
    ReadTransaction transaction{*environment_};
    const auto value = transaction.get(Tree::meta, "last_tests");
    return value ? ByteReader{*value}.fixed<std::uint64_t>() : 0;
  }

  testing::ScratchDirectory scratch_;
  std::shared_ptr<Executor> executor_ = thread_executor();
  std::shared_ptr<WakeFile> wake_;
  std::shared_ptr<Environment> environment_;
  std::shared_ptr<SpaceWatch> space_ = std::make_shared<SpaceWatch>(1u << 20);
  std::shared_ptr<transport::FaultPlan> faults_;
  std::atomic<int> applied_ = 0;
  std::atomic<int> finished_ = 0;
  std::atomic<int> refused_ = 0;
  std::shared_ptr<CommitCounter> commits_ = std::make_shared<CommitCounter>();
};

TEST_F(CommitterTest, MakesAChangeDurableBeforeItReturns) {
  const auto committer = make();
  EXPECT_TRUE(committer->perform([](Commit& commit) -> Result<void> {
    next_number(commit.transaction(), "tests");
    return {};
  }));
  EXPECT_EQ(stored(), 1u);
}

TEST_F(CommitterTest, GivesBackWhatTheChangeSaid) {
  const auto committer = make();
  const auto refused = committer->perform([](Commit&) -> Result<void> { return conflict("no"); });
  EXPECT_EQ(refused.error(), conflict("no"));
}

TEST_F(CommitterTest, TakesAllThatWaitsIntoOneTransaction) {
  const auto committer = make();
  ASSERT_TRUE(wake_->enter_gate(10s));
  for (int i = 0; i < 50; ++i) submit(*committer);
  EXPECT_EQ(applied_, 0) << "the gate is closed";
  wake_->leave_gate();
  EXPECT_TRUE(finish(50));
  EXPECT_EQ(stored(), 50u);
  EXPECT_EQ(commits_->commits(), 1);
  EXPECT_EQ(refused_, 0);
}

// Each comes back when it was answered: the writer waits for them (gathering.hpp), and for nobody any more when they
// are gone.
TEST_F(CommitterTest, WritesAllOfManyThatComeBack) {
  constexpr int kMany = 16, kTimes = 20;
  const auto committer = make();
  const auto change = [](Commit& commit) -> Result<void> {
    return next_number(commit.transaction(), "tests"), Result<void>{};
  };
  std::vector<std::unique_ptr<Thread>> threads;
  for (int i = 0; i < kMany; ++i) {
    threads.push_back(executor_->spawn("many", [&] {
      for (int time = 0; time < kTimes; ++time) EXPECT_TRUE(committer->perform(change));
    }));
  }
  threads.clear();
  EXPECT_TRUE(committer->perform(change, 10s));
  EXPECT_EQ(stored(), kMany * kTimes + 1u);
}

TEST_F(CommitterTest, RefusesTheWholeBatchOfAFailedCommit) {
  const auto committer = make("before_commit:1:28");
  ASSERT_TRUE(wake_->enter_gate(10s));
  for (int i = 0; i < 5; ++i) submit(*committer);
  wake_->leave_gate();
  EXPECT_TRUE(finish(5));
  EXPECT_EQ(refused_, 5);
  EXPECT_EQ(stored(), 0u);
  submit(*committer);
  EXPECT_TRUE(finish(6));
  EXPECT_EQ(stored(), 1u);
}

TEST_F(CommitterTest, RefusesWhatCouldNotBeginInTime) {
  const auto committer = make();
  ASSERT_TRUE(wake_->enter_gate(10s));
  submit(*committer, 20ms);
  EXPECT_TRUE(finish(1));
  EXPECT_EQ(refused_, 1);
  EXPECT_EQ(committer->perform([](Commit&) -> Result<void> { return {}; }, 20ms).error().kind, ErrorKind::unavailable);
  wake_->leave_gate();
  EXPECT_TRUE(committer->perform([](Commit&) -> Result<void> { return {}; }));
  EXPECT_EQ(applied_, 0);
}

// It looks again in slices, and says what to do.
TEST_F(CommitterTest, DoesNotSpinAtAGateThatIsBroken) {
  const std::string path = scratch_ / "wake";
  {
    std::fstream file{path, std::ios::in | std::ios::out | std::ios::binary};
    file.seekp(-static_cast<std::streamoff>(sizeof(pthread_mutex_t)), std::ios::end);
    file << std::string(sizeof(pthread_mutex_t), '\xff');
  }
  const auto committer = make();
  const std::clock_t before = std::clock();
  const auto refused = committer->perform([](Commit&) -> Result<void> { return {}; }, 500ms);
  EXPECT_LT(std::clock() - before, CLOCKS_PER_SEC / 5) << "of the processor's time";
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(refused.error().message, ::testing::HasSubstr("gate of the store is broken"));
  EXPECT_THAT(refused.error().message, ::testing::HasSubstr(path));
}

// P9
TEST_F(CommitterTest, LetsSoManyWaitAndNoMore) {
  const auto committer = make();
  ASSERT_TRUE(wake_->enter_gate(10s));
  for (std::size_t i = 0; i < kQueueOpsMax; ++i) submit(*committer);
  EXPECT_EQ(finished_, 0);
  const auto refused = committer->perform([](Commit&) -> Result<void> { return {}; });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::overloaded);
  EXPECT_THAT(refused.error().message, ::testing::HasSubstr("10000 changes wait"));
  wake_->leave_gate();
  EXPECT_TRUE(finish(static_cast<int>(kQueueOpsMax)));
  EXPECT_EQ(refused_, 0);
  EXPECT_TRUE(committer->perform([](Commit&) -> Result<void> { return {}; }));
}

TEST_F(CommitterTest, WritesWhatWaitsBeforeItEnds) {
  auto committer = make();
  for (int i = 0; i < 20; ++i) submit(*committer);
  committer.reset();
  EXPECT_EQ(finished_, 20);
  EXPECT_EQ(stored(), 20u);
}

// A37
TEST_F(CommitterTest, NamesWhoHasTheWriterWhenAChangeCouldNotBegin) {
  const auto committer = make();
  ASSERT_TRUE(wake_->enter_gate(10s));
  const auto late = committer->perform([](Commit&) -> Result<void> { return {}; }, 20ms);
  wake_->leave_gate();
  ASSERT_FALSE(late);
  EXPECT_THAT(late.error().message, ::testing::HasSubstr("this process's own writes"));
}

TEST_F(CommitterTest, DoesNotWaitForUpkeepAtItsEnd) {
  auto committer = make();
  ASSERT_TRUE(wake_->enter_gate(10s));
  Result<void> kept;
  auto waiting = executor_->spawn(
      "upkeep", [&] { kept = committer->upkeep([](Commit&) -> Result<void> { return {}; }, kChangeWithin); });
  submit(*committer, 10ms);  // behind or before it: refused in time, so both were there
  EXPECT_TRUE(finish(1));
  const Time before = executor_->now();
  committer->close();
  waiting.reset();
  EXPECT_LT(executor_->now() - before, transport::kCloseWithin);
  EXPECT_FALSE(kept);
  wake_->leave_gate();
}

// P8: LMDB's own lock, of a writer that did not come through the gate.
TEST_F(CommitterTest, EndsThoughLmdbNeverLetsItsWriterIn) {
  auto committer = make();
  const std::weak_ptr<Environment> open = environment_;
  {
    auto other = std::make_optional<WriteTransaction>(*environment_);
    EXPECT_EQ(committer->perform([](Commit&) -> Result<void> { return {}; }, 20ms).error().kind,
              ErrorKind::unavailable);
    committer.reset();
    EXPECT_FALSE(wake_->enter_gate(10ms)) << "the writer waits still, with all it stands on";
  }
  EXPECT_TRUE(wake_->enter_gate(10s));
  wake_->leave_gate();
  environment_.reset();
  const Time deadline = executor_->now() + 20s;
  while (!open.expired() && executor_->now() < deadline) executor_->sleep_until(executor_->now() + 1ms);
  EXPECT_TRUE(open.expired()) << "and gives it back";
}

TEST_F(CommitterTest, WakesOthersAfterTheCommit) {
  const auto committer = make();
  const auto before = wake_->seen();
  ASSERT_TRUE(committer->perform([](Commit& commit) -> Result<void> {
    commit.announce(kControlChanged);
    return {};
  }));
  EXPECT_EQ(WakeFile::between(before, wake_->seen()), kControlChanged);
}

}  // namespace
}  // namespace tidings::local
