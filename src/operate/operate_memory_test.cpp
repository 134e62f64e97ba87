// A37: what the command line does, on a real deployment: published, stuck, looked at, repaired.
#include <gmock/gmock.h>

#include "operate/dead.hpp"
#include "operate/line_publishing.hpp"
#include "operate/replay.hpp"
#include "operate/tail.hpp"
#include "operate/topology.hpp"
#include "tidings/testing/simulated_executor.hpp"
#include "transport/memory/memory_broker.hpp"

namespace tidings::operate {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tidings::testing::SimulatedExecutor;

class OnMemory : public ::testing::Test {
 protected:
  OnMemory() {
    // The clock of a simulation stands still: events of different times need it to move.
    for (const char* id : {"e-1", "e-2", "e-3"}) {
      publish(id);
      executor_->sleep_until(executor_->now() + 1s);
    }
  }

  void publish(const std::string& id) {
    bool done = false;
    const std::string line = R"({"eventId":")" + id + R"(","eventType":"OrderCreated","aggregateId":"o","data":{}})";
    const auto totals =
        publish_lines(*transport_, executor_, {.topic = Topic{"orders"}, .missing_topic = MissingTopic::create},
                      {.read = [&](std::span<char> into) -> Result<std::size_t> {
                         return std::exchange(done, true) ? 0 : line.copy(into.data(), into.size());
                       },
                       .on_line = [](const PublishedLine&) {}});
    ASSERT_TRUE(totals) << totals.error().message;
    ASSERT_EQ(totals->confirmed, 1u);
  }

  // Joins the group and settles what comes until nothing does: buries the ids given, accepts the rest. The ids handled.
  std::vector<std::string> serve(const std::string& group, const std::set<std::string>& bury) {
    const auto consumer = transport_->consumer({.group = group, .pattern = "order.*"});
    EXPECT_TRUE(consumer) << consumer.error().message;
    std::vector<std::string> handled;
    while (true) {
      const auto batch = (*consumer)->receive(10, executor_->now() + 1s);
      EXPECT_TRUE(batch);
      if (batch->deliveries.empty() && batch->notices.empty()) return handled;
      for (const transport::Delivery& delivery : batch->deliveries) {
        handled.emplace_back(delivery.record.id);
        const bool fails = bury.count(handled.back()) > 0;
        transport::Outcome outcome = transport::Accept{};
        if (fails) outcome = transport::Bury{.reason = "failed", .error = "no bank", .attempts = {.failed = 4}};
        EXPECT_TRUE(settle_now(**consumer, *executor_, {{.token = delivery.token, .outcome = outcome}})[0]);
      }
    }
  }

  std::shared_ptr<SimulatedExecutor> executor_ = std::make_shared<SimulatedExecutor>(1);
  std::shared_ptr<memory::MemoryBroker> broker_ = memory::MemoryBroker::make(executor_);
  std::unique_ptr<transport::Transport> transport_ = broker_->open("operator");
};

TEST_F(OnMemory, PublishedTypesReachPatternSubscriptions) {
  EXPECT_THAT(serve("audit", {}), ElementsAre("e-1", "e-2", "e-3"));
}

TEST_F(OnMemory, TailReadsWithoutAGroup) {
  std::vector<std::string> seen;
  ASSERT_TRUE(tail(*transport_, *executor_, {.topic = Topic{"orders"}, .from = SimulatedExecutor::kStart + 1s},
                   {.visit = [&](const TailEvent& event) {
                     seen.push_back(event.envelope.id);
                     return true;
                   }}));
  EXPECT_THAT(seen, ElementsAre("e-2", "e-3"));
  EXPECT_THAT(groups(*transport_)->groups, IsEmpty());
}

TEST_F(OnMemory, LagCountsWhatIsNotSettled) {
  serve("billing", {"e-2"});
  publish("e-4");
  executor_->sleep_until(executor_->now() + 90s);
  const auto report = lag(*transport_, executor_->now(), {});
  ASSERT_TRUE(report) << report.error().message;
  ASSERT_THAT(report->lag, SizeIs(1));
  EXPECT_EQ(report->lag[0].unsettled, 1u);
  EXPECT_EQ(report->lag[0].dead, 1u);
  EXPECT_EQ(report->lag[0].age_seconds, 90.0);
  ASSERT_THAT(report->warnings, SizeIs(1));
  EXPECT_EQ(report->warnings[0].what, "billing: no process serves it, and 1 events wait");
}

TEST_F(OnMemory, ADeadLetterGoesBackToItsSubscriptionAndToNoOther) {
  serve("billing", {"e-2"});
  serve("audit", {});
  const auto page = list_dead(*transport_, {.filter = {.group = "billing", .type = "OrderCreated"}});
  ASSERT_THAT(page->dead_letters, SizeIs(1));
  EXPECT_EQ(page->dead_letters[0].error, "no bank");
  EXPECT_EQ(page->dead_letters[0].attempts, 4);
  const auto report = act_on_dead(*transport_, *executor_, {.selection = {.ids = {page->dead_letters[0].id}}}, {});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->done, 1u);
  EXPECT_THAT(serve("audit", {}), IsEmpty());
  EXPECT_THAT(serve("billing", {}), ElementsAre("e-2"));
  EXPECT_THAT(list_dead(*transport_, {})->dead_letters, IsEmpty());
}

TEST_F(OnMemory, ARangeGoesBackToOneGroup) {
  serve("billing", {});
  serve("audit", {});
  const auto plan = plan_replay(*transport_, *executor_,
                                {.group = Group{"billing"},
                                 .topic = Topic{"orders"},
                                 .from = SimulatedExecutor::kStart + 1s,
                                 .again = Again::yes});
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->events, 2u);
  EXPECT_THAT(serve("billing", {}), IsEmpty());
  const auto done = replay(*transport_, executor_, *plan);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->replayed, 2u);
  EXPECT_THAT(serve("audit", {}), IsEmpty());
  EXPECT_THAT(serve("billing", {}), ElementsAre("e-2", "e-3"));
}

TEST_F(OnMemory, AGroupIsRemovedOnceNobodyServesIt) {
  const auto member = transport_->consumer({.group = "billing", .topic = "orders"});
  EXPECT_EQ(remove_group(*transport_, Group{"billing"}).error().kind, ErrorKind::conflict);
  serve("audit", {});
  ASSERT_TRUE(remove_group(*transport_, Group{"audit"}));
  EXPECT_THAT(groups(*transport_)->groups, SizeIs(1));
}

}  // namespace
}  // namespace tidings::operate
