// P1, P2 and P5 on `local:`: a process is killed at each named point of a commit, and what it was told holds.
#include <gmock/gmock.h>

#include <csignal>
#include <set>
#include <sstream>

#include "tests/support/child_process.hpp"
#include "tests/support/scratch_directory.hpp"
#include "transport/local/local_transport.hpp"

namespace tidings::local {
namespace {

using namespace std::chrono_literals;
using testing::ChildExit;
using testing::ChildProcess;
using transport::Batch;
using transport::Consumer;
using transport::Delivery;
using transport::HistoryEntry;
using transport::Transport;

struct Kill {
  std::string point;
  int passing = 1;
};

std::string name_of(const ::testing::TestParamInfo<Kill>& tested) {
  return tested.param.point + "_" + std::to_string(tested.param.passing);
}

class LocalProcessTest : public ::testing::Test {
 protected:
  ChildProcess start(std::vector<std::string> arguments, const std::string& fault = "") {
    arguments.insert(arguments.begin(), directory_);
    std::map<std::string, std::string> environment;
    if (!fault.empty()) environment.emplace("TIDINGS_FAULT", fault);
    return ChildProcess{{.program = CRASH_CHILD, .arguments = arguments, .environment = environment}};
  }
  std::unique_ptr<Transport> open() {
    return open_local(transport::Url{.scheme = "local", .path = directory_}, executor_).value();
  }
  static std::vector<std::string> ids(Transport& transport, const std::string& topic) {
    std::vector<std::string> found;
    const auto read =
        transport.operations().history->read({.topic = topic}, {}, 100'000, [&](const HistoryEntry& entry) {
          found.emplace_back(entry.record.id);
          return true;
        });
    EXPECT_TRUE(read || read.error().kind == ErrorKind::invalid) << read.error().message;
    return found;
  }
  // The ids behind `word`.
  static std::vector<std::string> told(const std::string& output, const std::string& word) {
    std::vector<std::string> found;
    std::istringstream lines{output};
    std::string first;
    std::string id;
    while (lines >> first >> id) {
      if (first == word) found.push_back(id);
    }
    return found;
  }

  Batch receive(Consumer& consumer, std::size_t max, Time deadline) {
    auto batch = consumer.receive(max, deadline);
    EXPECT_TRUE(batch) << batch.error().message;
    return batch.value_or(Batch{});
  }

  testing::ScratchDirectory scratch_;
  const std::string directory_ = scratch_ / "store";
  std::shared_ptr<Executor> executor_ = thread_executor();
};

class LocalCrashTest : public LocalProcessTest, public ::testing::WithParamInterface<Kill> {
 protected:
  // Runs it until it is killed at the tested point.
  std::string run_and_die(const std::vector<std::string>& arguments) {
    ChildProcess child = start(arguments, GetParam().point + ":" + std::to_string(GetParam().passing));
    EXPECT_EQ(child.wait(), (ChildExit{.code = -1, .signal = SIGKILL})) << child.error_output();
    return child.output();
  }
};

TEST_P(LocalCrashTest, P1KeepsWhatWasConfirmed) {
  start({"publish", "0"}).wait();  // the store is there; the faults fall into the publishing
  const auto confirmed = told(run_and_die({"publish", "1000"}), "confirmed");
  const auto transport = open();
  const auto kept = ids(*transport, "orders");
  ASSERT_GE(kept.size(), confirmed.size());
  EXPECT_LE(kept.size(), confirmed.size() + 1) << "one may be there that nobody was told of";
  for (std::size_t i = 0; i < kept.size(); ++i) EXPECT_EQ(kept[i], std::to_string(i));
}

TEST_P(LocalCrashTest, P2SettlesAndPublishesInOneStep) {
  ASSERT_EQ(start({"publish", "60"}).wait(), (ChildExit{.code = 0}));
  const auto settled = told(run_and_die({"handle"}), "settled");
  const auto transport = open();
  std::vector<std::string> published = ids(*transport, "payments");
  EXPECT_GE(published.size(), settled.size());
  EXPECT_LE(published.size(), settled.size() + 1);
  const auto consumer = transport->consumer({.group = "g", .topic = "orders"}).value();
  std::set<std::string> open_ones;
  const Time deadline = executor_->now() + 20s;
  while (open_ones.size() + published.size() < 60 && executor_->now() < deadline) {
    const Batch batch = receive(*consumer, 100, executor_->now() + 1s);
    for (const Delivery& delivery : batch.deliveries) {
      EXPECT_TRUE(open_ones.insert(std::string{delivery.record.id}).second);
      EXPECT_EQ(delivery.attempts, transport::Attempts{});
    }
  }
  for (const std::string& id : published) EXPECT_FALSE(open_ones.contains(id.substr(3))) << "published, and unsettled";
  EXPECT_EQ(open_ones.size() + published.size(), 60u) << "each is settled and published, or neither";
}

TEST_P(LocalCrashTest, P5OnlyTheOneThatRanIsSuspect) {
  ASSERT_EQ(start({"publish", "60"}).wait(), (ChildExit{.code = 0}));
  run_and_die({"handle"});
  const auto transport = open();
  const auto done = ids(*transport, "payments").size();
  const auto consumer = transport->consumer({.group = "g", .topic = "orders"}).value();
  std::vector<std::string> suspects;
  std::size_t received = 0;
  const Time deadline = executor_->now() + 20s;
  while (received < 60 - done && executor_->now() < deadline) {
    const Batch batch = receive(*consumer, 100, executor_->now() + 1s);
    for (const Delivery& delivery : batch.deliveries) {
      ++received;
      if (delivery.suspect) suspects.emplace_back(delivery.record.id);
    }
  }
  EXPECT_EQ(received, 60 - done);
  EXPECT_LE(suspects.size(), 1u);
  for (const auto& id : suspects) EXPECT_EQ(id, std::to_string(done)) << "the first that was not settled";
}

// The first passings are those of opening and joining.
INSTANTIATE_TEST_SUITE_P(Points, LocalCrashTest,
                         ::testing::Values(Kill{"before_commit", 2}, Kill{"after_commit", 2}, Kill{"before_commit", 7},
                                           Kill{"after_commit", 7}, Kill{"before_commit", 30},
                                           Kill{"after_commit", 30}),
                         name_of);

// P10: a disk that is full for a moment refuses what came then, and nothing else.
TEST_F(LocalProcessTest, P10AFailedCommitRefusesItsWholeBatchAndTheNextOneGoes) {
  start({"publish", "0"}).wait();
  ChildProcess child = start({"publish", "10"}, "before_commit:5:28");  // ENOSPC
  ASSERT_EQ(child.wait(), (ChildExit{.code = 0}));
  const auto refused = told(child.output(), "refused");
  const auto confirmed = told(child.output(), "confirmed");
  EXPECT_EQ(refused.size(), 1u);
  EXPECT_EQ(confirmed.size(), 9u);
  EXPECT_EQ(ids(*open(), "orders"), confirmed);
}

// E2: pids mean other processes there: its members would be taken for dead.
TEST_F(LocalProcessTest, AProcessOfAnotherPidNamespaceIsRefusedWhileTheStoreIsOpen) {
  const auto elsewhere = [&] {
    return testing::run_program({.program = "/usr/bin/unshare",
                                 .arguments = {"-Urpf", "--mount-proc", CRASH_CHILD, directory_, "publish", "1"}});
  };
  const auto possible = testing::run_program({.program = "/usr/bin/unshare",  //
                                              .arguments = {"-Urpf", "--mount-proc", "/bin/true"}});
  if (possible.exit != ChildExit{.code = 0}) GTEST_SKIP() << "no pid namespaces here: " << possible.error_output;
  auto transport = open();
  const auto refused = elsewhere();
  EXPECT_EQ(refused.exit, (ChildExit{.code = 1}));
  EXPECT_THAT(refused.error_output, ::testing::HasSubstr("another pid namespace"));
  transport.reset();
  const auto alone = elsewhere();
  EXPECT_EQ(alone.exit, (ChildExit{.code = 0})) << alone.error_output;
  EXPECT_EQ(ids(*open(), "orders").size(), 1u);
}

// E2, P10: LMDB's file of readers is a hole when it is made: writing into it by a mapping would be SIGBUS.
TEST_F(LocalProcessTest, P10AFullDiskRefusesToOpenAndKeepsWhatWasConfirmed) {
  const auto in_namespace = [](const std::string& script) {
    return testing::run_program({.program = "/usr/bin/unshare", .arguments = {"-Urm", "/bin/sh", "-c", script}});
  };
  const std::string disk = scratch_.path();
  const std::string mount = "mount -t tmpfs -o size=8m none '" + disk + "' || exit 77; ";
  if (in_namespace(mount).exit != ChildExit{.code = 0}) GTEST_SKIP() << "no mount namespaces here";
  const testing::ScratchDirectory beside;
  const std::string child = std::string{CRASH_CHILD} + " '" + directory_ + "' publish ";
  const std::string fill = "rm '" + directory_ + "/lock.mdb'; cat /dev/zero >'" + disk +
                           "/ballast' 2>/dev/null; truncate -s -4096 '" + disk +
                           "/ballast'; ";  // room for the mark `open`
  const auto ran = in_namespace(mount + child + "5; " + fill + child + "1; echo ended $?; rm '" + disk + "/ballast'; " +
                                child + "3; cp -r '" + directory_ + "' '" + beside.path().string() + "/'");
  EXPECT_EQ(ran.exit, (ChildExit{.code = 0})) << ran.error_output;
  EXPECT_EQ(told(ran.output, "ended"), std::vector<std::string>{"1"}) << "not by a signal";
  EXPECT_THAT(ran.error_output, ::testing::HasSubstr("make room on this disk"));
  const auto kept = open_local(transport::Url{.scheme = "local", .path = beside / "store"}, executor_).value();
  EXPECT_EQ(ids(*kept, "orders"), told(ran.output, "confirmed"));
  EXPECT_EQ(told(ran.output, "confirmed").size(), 8u);
}

TEST_F(LocalProcessTest, P5AKillInTheMidstOfWorkLosesNothing) {
  ASSERT_EQ(start({"publish", "500"}).wait(), (ChildExit{.code = 0}));
  for (int kill = 0; kill < 4; ++kill) {
    ChildProcess child = start({"handle"});
    ASSERT_TRUE(child.wait_for_output("settled " + std::to_string(kill * 100 + 20)));
    child.send(SIGKILL);
    child.wait();
  }
  ChildProcess last = start({"handle"});
  ASSERT_TRUE(last.wait_for_output("settled 499\n"));
  last.send(SIGKILL);
  last.wait();
  const auto published = ids(*open(), "payments");
  ASSERT_EQ(published.size(), 500u) << "each once";
  for (std::size_t i = 0; i < published.size(); ++i) EXPECT_EQ(published[i], "of-" + std::to_string(i));
}

TEST_F(LocalProcessTest, A18TheDeathOfAnOwnerIsSeenAtOnce) {
  ASSERT_EQ(start({"publish", "1"}).wait(), (ChildExit{.code = 0}));
  ChildProcess owner = start({"handle"});
  ASSERT_TRUE(owner.wait_for_output("settled 0"));
  const auto transport = open();
  const auto heir = transport->consumer({.group = "g", .topic = "orders"}).value();
  const auto assigned = [&](Time deadline) {
    std::size_t count = 0;
    while (count < 32 && executor_->now() < deadline) {
      const Batch batch = receive(*heir, 1, deadline);
      for (const auto& notice : batch.notices) {
        if (notice.kind == transport::Notice::Kind::assigned) count += notice.partitions.size();
      }
    }
    return count;
  };
  ASSERT_EQ(assigned(executor_->now() + 20s), 32u) << "its share";
  const Time killed = executor_->now();
  owner.send(SIGKILL);
  EXPECT_EQ(assigned(executor_->now() + 20s), 32u) << "the rest";
  EXPECT_LT(executor_->now() - killed, transport->capabilities().takeover_max);
}

// A stopped process is not dead: its keys wait, and operators see why.
TEST_F(LocalProcessTest, A18AStoppedProcessKeepsWhatItOwns) {
  ASSERT_EQ(start({"publish", "1"}).wait(), (ChildExit{.code = 0}));
  ChildProcess owner = start({"handle"});
  ASSERT_TRUE(owner.wait_for_output("settled 0"));
  owner.send(SIGSTOP);
  const auto transport = open();
  const auto shown = [&] { return transport->operations().topology->groups()->at(0).members.at(0); };
  const Time deadline = executor_->now() + 20s;
  while (!shown().stopped && executor_->now() < deadline) {
  }
  EXPECT_TRUE(shown().stopped);
  EXPECT_EQ(shown().partitions, 64);
  EXPECT_EQ(shown().pid, owner.pid());
}

}  // namespace
}  // namespace tidings::local
