#include "operate/dead.hpp"

#include <gmock/gmock.h>

#include "operate/canned_transport.hpp"
#include "tidings/testing/simulated_executor.hpp"

namespace tidings::operate {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tidings::testing::SimulatedExecutor;

class Dead : public ::testing::Test {
 protected:
  transport::DeadLetter& add(const std::string& id, const std::string& group) {
    canned_->dead.push_back(
        {.id = id,
         .group = group,
         .subscription = "orders",
         .reason = "failed",
         .error = "unavailable: no bank",
         .attempts = 4,
         .buried = executor_.now(),
         .position = {1, 7},
         .record = {.topic = "orders", .key = "k", .id = "e-" + id, .type = "OrderCreated", .body = "{}"}});
    return canned_->dead.back();
  }

  Result<DeadReport> act(const DeadRequest& request, const DeadPorts& ports = {}) {
    return act_on_dead(transport_, executor_, request, ports);
  }

  SimulatedExecutor executor_{1};
  std::shared_ptr<Canned> canned_ = std::make_shared<Canned>();
  CannedTransport transport_{canned_};
};

// A37
TEST_F(Dead, ListsAPageAndWhereTheNextBegins) {
  for (const char* id : {"a", "b", "c"}) add(id, "payments");
  const auto first = list_dead(transport_, {.limit = 2});
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_THAT(first->dead_letters,
              ElementsAre(::testing::Field(&DeadRow::id, "a"), ::testing::Field(&DeadRow::id, "b")));
  ASSERT_EQ(first->next, "b");
  const auto second = list_dead(transport_, {.after = *first->next, .limit = 2});
  EXPECT_THAT(second->dead_letters, ElementsAre(::testing::Field(&DeadRow::id, "c")));
  EXPECT_FALSE(second->next);
}

TEST_F(Dead, BoundsAList) {
  EXPECT_EQ(list_dead(transport_, {.limit = 0}).error().kind, ErrorKind::invalid);
  EXPECT_EQ(list_dead(transport_, {.limit = kDeadListMax + 1}).error().kind, ErrorKind::invalid);
}

TEST_F(Dead, ListsUpToItsLimitAFewAtATime) {
  for (int i = 0; i < 1'001; ++i) add(std::to_string(10'000 + i), "g");
  const auto page = list_dead(transport_, {.limit = 1'000});
  ASSERT_TRUE(page);
  EXPECT_THAT(page->dead_letters, SizeIs(1'000));
  EXPECT_EQ(page->next, "10999");
  EXPECT_LE(canned_->browsed_most, 200u) << "they are in memory with their bodies";
  const auto all = list_dead(transport_, {.limit = 1'001});
  ASSERT_TRUE(all);
  EXPECT_THAT(all->dead_letters, SizeIs(1'001));
  EXPECT_FALSE(all->next);
}

TEST_F(Dead, NamesSoManyMissingOnesAndCountsTheRest) {
  DeadRequest request;
  for (int i = 0; i < 1'010; ++i) request.selection.ids.push_back(std::to_string(i));
  const auto report = act(request);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->gone, 1'010u);
  EXPECT_THAT(report->missing_ids, SizeIs(1'000));
}

TEST_F(Dead, ShowsABodyInTheFormThatItHas) {
  add("json", "g").record.body = R"({"a":1})";
  add("text", "g").record.body = "{\"a\":";
  add("bytes", "g").record.body = "\xff";
  add("null", "g").record.body = std::nullopt;
  EXPECT_EQ(show_dead(transport_, "json")->body, RawJson{R"({"a":1})"});
  EXPECT_EQ(show_dead(transport_, "text")->body_text, "{\"a\":");
  EXPECT_EQ(show_dead(transport_, "bytes")->body_base64, Bytes{"\xff"});
  const auto null = show_dead(transport_, "null");
  EXPECT_FALSE(null->body || null->body_text || null->body_base64);
  EXPECT_THAT(show_dead(transport_, "other").error().message, HasSubstr("no dead letter 'other'"));
}

TEST_F(Dead, ReplaysByIdAndNamesTheMissing) {
  add("a", "g");
  add("b", "g");
  const auto report = act({.selection = {.ids = {"a", "x"}}});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->done, 1u);
  EXPECT_THAT(report->missing_ids, ElementsAre("x"));
  EXPECT_THAT(canned_->replayed, ElementsAre("a"));
}

TEST_F(Dead, DiscardsWhatTheFilterTakes) {
  add("a", "g");
  add("b", "other");
  add("c", "g");
  const DeadRequest request{.action = DeadAction::discard, .selection = {.filter = {.group = "g"}}};
  EXPECT_EQ(*count_dead(transport_, request.selection), 2u);
  const auto report = act(request);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->selected, 2u);
  EXPECT_EQ(report->done, 2u);
  EXPECT_THAT(canned_->discarded, ElementsAre("a", "c"));
  EXPECT_THAT(canned_->replayed, IsEmpty());
}

TEST_F(Dead, TakesMoreThanAPage) {
  for (int i = 1000; i < 1700; ++i) add(std::to_string(i), "g");
  EXPECT_EQ(act({})->done, 700u);
}

// A replayed event that fails again at once is a new dead letter: it must not be replayed in a circle.
TEST_F(Dead, LeavesAloneWhatIsBuriedMeanwhile) {
  for (int i = 1000; i < 1300; ++i) add(std::to_string(i), "g");
  const auto report =
      act({}, {.on_progress = [&](const DeadReport& far) { add("c" + std::to_string(far.done), "g"); }});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->done, 300u);
  EXPECT_THAT(canned_->dead, SizeIs(2)) << "one after each page";
}

TEST_F(Dead, KeepsThePace) {
  for (int i = 0; i < 21; ++i) add("id" + std::to_string(10 + i), "g");
  const Time start = executor_.now();
  ASSERT_TRUE(act({.per_second = 10}));
  EXPECT_GE(executor_.now() - start, 2s);
  EXPECT_LT(executor_.now() - start, 2500ms);
}

TEST_F(Dead, StopsWhenAsked) {
  for (int i = 1000; i < 1700; ++i) add(std::to_string(i), "g");
  const DeadPorts ports{.stop = [this] { return canned_->replayed.size() >= 2; }};
  const auto report = act({}, ports);
  EXPECT_EQ(report->done, 200u) << "a page";
  EXPECT_EQ(report->selected, 700u);
  EXPECT_EQ(act({.per_second = 1'000}, ports)->done, 0u) << "one by one where there is a pace to keep";
}

}  // namespace
}  // namespace tidings::operate
