#include <fmt/format.h>

#include "tests/support/eventually.hpp"
#include "transport/rabbitmq/amqp_broker_here.hpp"
#include "transport/rabbitmq/control/rabbitmq_control.hpp"

namespace tidings::rabbitmq {
namespace {

using transport::PutOptions;

class RabbitmqControlBrokerTest : public AmqpBrokerHere {
 protected:
  RabbitmqControl control() { return {std::make_shared<ControlStream>(open()), ControlSpace::users}; }
};

TEST_F(RabbitmqControlBrokerTest, ShowsOthersWhatWasPut) {
  auto here = control();
  auto elsewhere = control();
  const auto nothing = elsewhere.get("pauses/g");
  ASSERT_TRUE(nothing) << nothing.error().message;
  EXPECT_FALSE(*nothing);
  const std::string value{"o\0n", 3};
  const auto version = here.put("pauses/g", value, {});
  ASSERT_TRUE(version) << version.error().message;
  const auto found = elsewhere.get("pauses/g").value();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->key, "pauses/g");
  EXPECT_EQ(found->value, value);
  EXPECT_EQ(found->version, *version);
}

TEST_F(RabbitmqControlBrokerTest, ChangesOnlyTheExpectedVersion) {
  auto here = control();
  const auto first = here.put("a", "1", PutOptions{.expected = 0});
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(here.put("a", "2", PutOptions{.expected = 0}).error().kind, ErrorKind::conflict);
  EXPECT_TRUE(here.put("a", "2", PutOptions{.expected = *first}));
  EXPECT_FALSE(here.put("a", std::nullopt, PutOptions{.expected = *first}));
  EXPECT_FALSE(here.put("b", "2", PutOptions{.expected = 77}));
  EXPECT_EQ(here.get("a").value()->value, "2");
  EXPECT_FALSE(here.get("b").value());
  EXPECT_EQ(control().get("a").value()->value, "2");
}

TEST_F(RabbitmqControlBrokerTest, ListsByPrefixWhatIsNotErased) {
  auto here = control();
  for (const char* key : {"a/1", "a/2", "a/3", "b/1"}) ASSERT_TRUE(here.put(key, key, {}));
  ASSERT_TRUE(here.put("a/2", std::nullopt, {}));
  const auto listed = control().list("a/").value();
  ASSERT_EQ(listed.size(), 2u);
  EXPECT_EQ(listed[0].key, "a/1");
  EXPECT_EQ(listed[1].key, "a/3");
  EXPECT_TRUE(here.put("a/2", "again", PutOptions{.expected = 0}));
}

TEST_F(RabbitmqControlBrokerTest, ForgetsWhatExpired) {
  auto here = control();
  const auto expires = executor().now() + std::chrono::milliseconds{200};
  ASSERT_TRUE(here.put("a", "v", PutOptions{.expires = expires}));
  EXPECT_EQ(here.put("a", "too early", PutOptions{.expected = 0}).error().kind, ErrorKind::conflict);
  executor().sleep_until(expires);
  EXPECT_TRUE(here.list("").value().empty());
  EXPECT_TRUE(here.put("a", "again", PutOptions{.expected = 0}));
}

TEST_F(RabbitmqControlBrokerTest, LosesNoIncrement) {
  constexpr int kThreads = 4;
  constexpr int kIncrements = 10;
  ASSERT_TRUE(control().put("counter", "0", {}));
  {
    std::vector<std::unique_ptr<Thread>> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.push_back(executor().spawn("increment", [this] {
        auto mine = control();
        for (int done = 0; done < kIncrements;) {
          const auto present = mine.get("counter").value().value();
          const auto next = std::to_string(std::stoi(present.value) + 1);
          if (mine.put("counter", next, PutOptions{.expected = present.version})) ++done;
        }
      }));
    }
  }
  EXPECT_EQ(control().get("counter").value()->value, std::to_string(kThreads * kIncrements));
}

TEST_F(RabbitmqControlBrokerTest, WakesWatchersAndHidesTheDriversOwn) {
  const auto log = std::make_shared<ControlStream>(open());
  RabbitmqControl users{log, ControlSpace::users};
  RabbitmqControl driver{log, ControlSpace::driver};
  const auto seen = users.watch(0, soon()).value();
  ASSERT_TRUE(driver.put("a", "v", {}));
  EXPECT_TRUE(users.list("").value().empty());
  EXPECT_EQ(users.watch(seen, executor().now()).value(), seen);
  const auto later = executor().spawn("later", [this] { EXPECT_TRUE(control().put("a", "v", {})); });
  EXPECT_GT(users.watch(seen, soon()).value(), seen);
}

TEST_F(RabbitmqControlBrokerTest, ManyCallersShareWhatTheyWaitFor) {
  const auto log = std::make_shared<ControlStream>(open());
  RabbitmqControl control{log, ControlSpace::users};
  const auto first = control.put("a", "v", {}).value();
  {
    std::vector<std::unique_ptr<Thread>> threads;
    for (int i = 0; i < 16; ++i) {
      threads.push_back(executor().spawn("reader", [&] {
        for (int n = 0; n < 20; ++n) EXPECT_EQ(control.get("a").value()->version, first);
      }));
    }
  }
  const auto last = control.put("a", "v", {}).value();
  EXPECT_LT(last - first, 16 * 20 / 2) << "messages that were written for them";
}

TEST_F(RabbitmqControlBrokerTest, AnswersPutsThatNobodyWaitsFor) {
  std::mutex mutex;
  std::vector<Result<std::uint64_t>> answers;
  auto log = std::make_unique<ControlStream>(open());
  const auto put = [&](std::optional<std::uint64_t> expected) {
    log->put_async(ControlSpace::users, "a", "v", {.expected = expected}, [&](const Result<std::uint64_t>& answer) {
      const std::lock_guard lock{mutex};
      answers.push_back(answer);
    });
  };
  put(0);
  put(0);
  EXPECT_TRUE(tidings::testing::eventually([&] {
    const std::lock_guard lock{mutex};
    return answers.size() == 2;
  }));
  EXPECT_TRUE(answers[0]) << answers[0].error().message;
  EXPECT_EQ(answers[1].error().kind, ErrorKind::conflict);
  put({});
  log.reset();
  EXPECT_EQ(answers.size(), 3u) << "when it ends, at the latest";
}

TEST_F(RabbitmqControlBrokerTest, AStreamThatIsSomethingElseIsRefusedAtOnce) {
  const std::string name = broker().names().control();
  ASSERT_TRUE(shared_broker()->ask([&](Link& link, Channel channel) {
    const auto declared = link.declare(channel, QueueSpec{.name = name});
    return declared ? Result<void>{} : declared.error();
  }));
  auto here = control();
  const Time before = executor().now();
  EXPECT_EQ(here.get("a").error().kind, ErrorKind::conflict);
  EXPECT_EQ(here.put("a", "v", {}).error().kind, ErrorKind::conflict);
  EXPECT_LT(executor().now() - before, kRequestWithin / 2);
}

// With a stream of some hundred messages.
class SmallControlBrokerTest : public AmqpBrokerHere {
 protected:
  static constexpr ControlLimits kSmall{.stream_bytes_max = 100'000, .segment_bytes_max = 8'000};

  std::shared_ptr<ControlStream> log() { return std::make_shared<ControlStream>(open(), kSmall); }
  std::uint64_t first_offset() {
    StreamReader reader{open(),
                        {.name = broker().names().control(),
                         .bytes_max = kSmall.stream_bytes_max,
                         .segment_bytes_max = kSmall.segment_bytes_max}};
    EXPECT_TRUE(reader.open({}));
    return static_cast<std::uint64_t>(reader.next(soon(), -1).value()->stream_offset());
  }
  // Until what was there before is cut off.
  void write_stream_over(RabbitmqControl& control, int messages) {
    for (int i = 0; i < messages; ++i) {
      const auto put = control.put(fmt::format("churn/{}", i % 3), std::string(200, 'x'), {});
      ASSERT_TRUE(put) << put.error().message;
    }
  }
};

TEST_F(SmallControlBrokerTest, WhatIsThereIsKeptAndWhatWasErasedIsNot) {
  RabbitmqControl here{log(), ControlSpace::users};
  const auto kept = here.put("kept", "1", {}).value();
  const auto erased = here.put("erased", "1", {}).value();
  ASSERT_TRUE(here.put("erased", std::nullopt, {}));
  const auto set = here.put("set", "1", {}).value();
  ASSERT_FALSE(here.put("kept", "stale", PutOptions{.expected = set}));
  write_stream_over(here, 500);

  RabbitmqControl elsewhere{log(), ControlSpace::users};
  const auto found = elsewhere.get("kept").value();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->value, "1");
  EXPECT_EQ(found->version, kept) << "as if it had never been sent again";
  EXPECT_FALSE(elsewhere.get("erased").value());
  EXPECT_FALSE(elsewhere.put("erased", "2", PutOptions{.expected = erased}));
  EXPECT_TRUE(elsewhere.put("set", "2", PutOptions{.expected = set}));
  EXPECT_EQ(here.get("set").value()->value, "2");
  EXPECT_EQ(here.list("").value().size(), elsewhere.list("").value().size());
  EXPECT_GT(first_offset(), kept);
}

TEST_F(SmallControlBrokerTest, ANewKeyIsRefusedWhereRecordsHaveTheirShare) {
  RabbitmqControl here{log(), ControlSpace::users};
  const std::size_t share = static_cast<std::size_t>(kSmall.stream_bytes_max) / kControlLiveShare;
  ASSERT_TRUE(here.put("a", std::string(share, 'x'), {}));
  EXPECT_EQ(here.put("b", "v", {}).error().kind, ErrorKind::overloaded);
  EXPECT_TRUE(here.put("a", "smaller", {}));
  EXPECT_TRUE(here.put("b", "v", {}));
}

TEST_F(SmallControlBrokerTest, AStreamThatWasDeletedIsMadeAgainAndReadAnew) {
  RabbitmqControl here{log(), ControlSpace::users};
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(here.put("old", "v", {}));
  ASSERT_TRUE(broker().ask(
      [&](Link& link, Channel channel) { return link.delete_queue(channel, broker().names().control()); }));
  EXPECT_TRUE(tidings::testing::eventually([&] {
    const auto found = here.get("old");
    return found && !*found;
  }));
  EXPECT_TRUE(here.put("new", "v", PutOptions{.expected = 0}));
  EXPECT_TRUE(here.get("new").value());
}

}  // namespace
}  // namespace tidings::rabbitmq
