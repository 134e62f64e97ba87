#include "operate/doctor.hpp"

#include <gmock/gmock.h>

#include "operate/canned_transport.hpp"
#include "operate/topology.hpp"
#include "tidings/testing/simulated_executor.hpp"

namespace tidings::operate {
namespace {

using ::testing::Contains;
using tidings::testing::SimulatedExecutor;

class Doctor : public ::testing::Test {
 protected:
  Diagnosis diagnose() { return examine(transport_, executor_, place_, {}); }

  SimulatedExecutor executor_{1};
  std::shared_ptr<Canned> canned_ = std::make_shared<Canned>();
  CannedTransport transport_{canned_};
  transport::Place place_;
};

auto finding(Level level, const std::string& check) {
  return ::testing::AllOf(::testing::Field(&Finding::level, level), ::testing::Field(&Finding::check, check));
}

// A37
TEST_F(Doctor, FindsNothingWrongWithAHealthyDeployment) {
  canned_->groups = {{.name = "a", .topic = "orders", .topics = {"orders"}, .members = {{.pid = 1}}}};
  canned_->lag = {{.group = "a", .topic = "orders", .unsettled = 12}};
  const Diagnosis diagnosis = diagnose();
  EXPECT_EQ(worst(diagnosis), Level::ok) << json_line(diagnosis);
  EXPECT_THAT(diagnosis.findings, Contains(finding(Level::ok, "reachable")));
  EXPECT_THAT(diagnosis.findings, Contains(finding(Level::ok, "control")));
}

TEST_F(Doctor, WarnsOfDeadLettersAndUnservedGroups) {
  canned_->groups = {{.name = "a", .topic = "orders", .topics = {"orders"}}};
  canned_->lag = {{.group = "a", .topic = "orders", .unsettled = 12, .dead = 1}};
  const Diagnosis diagnosis = diagnose();
  EXPECT_EQ(worst(diagnosis), Level::warn);
  EXPECT_THAT(diagnosis.findings, Contains(finding(Level::warn, "dead letters")));
  EXPECT_THAT(diagnosis.findings, Contains(finding(Level::warn, "groups without members")));
}

TEST_F(Doctor, FailsWhenAMemberIsStoppedOrNothingAnswers) {
  canned_->groups = {{.name = "a", .topic = "orders", .members = {{.pid = 1, .stopped = true}}}};
  canned_->reachable = unavailable("no answer");
  const Diagnosis diagnosis = diagnose();
  EXPECT_EQ(worst(diagnosis), Level::fail);
  EXPECT_THAT(diagnosis.findings, Contains(finding(Level::fail, "stopped members")));
  EXPECT_THAT(diagnosis.findings, Contains(finding(Level::fail, "reachable")));
}

TEST_F(Doctor, SaysWhatIsWrongWithThePlace) {
  place_.reach = transport::Reach::host;
  place_.directory = transport::DirectoryState{.path = "/x", .mode = 0755, .ours = true, .disk_bytes_free = 1 << 20};
  canned_->reachable = unavailable("no answer");
  const Diagnosis diagnosis = diagnose();
  EXPECT_THAT(diagnosis.findings, Contains(finding(Level::warn, "permissions")));
  EXPECT_THAT(diagnosis.findings, Contains(finding(Level::fail, "disk")));
  EXPECT_EQ(diagnosis.findings[0].remedy, "nothing can be written until then; what only reads works");
  EXPECT_EQ(unreachable({.scheme = "local"}, place_, unavailable("no answer")).findings.size(), 3u);
}

TEST_F(Doctor, WaitsSoLongForATransportAndNoLonger) {
  const Time start = executor_.now();
  diagnose();
  EXPECT_EQ(canned_->reach_deadline - start, std::chrono::seconds{5});
}

TEST_F(Doctor, SaysForEveryFindingHowToRepairIt) {
  canned_->groups = {{.name = "a", .topic = "orders", .members = {{.pid = 1, .stopped = true}}},
                     {.name = "b", .topic = "orders"}};
  canned_->lag = {{.group = "b", .topic = "orders", .unsettled = 1'000'000, .dead = 1}};
  canned_->reachable = unavailable("no answer");
  for (const Finding& found : diagnose().findings) {
    EXPECT_EQ(found.remedy.empty(), found.level == Level::ok) << found.check;
  }
}

TEST_F(Doctor, ShowsHowTheDeploymentIsSet) {
  EXPECT_THAT(diagnose().findings, ::testing::Not(::testing::Contains(::testing::Field(&Finding::check, "settings"))));
  canned_->concerns = {{.subject = "orders.dlq", .what = "it forgets", .remedy = "keep more"}};
  EXPECT_THAT(diagnose().findings, ::testing::Contains(Finding{Level::warn, "settings", "it forgets", "keep more"}));
}

TEST(Topology, SortsWhatIsReportedInAnyOrder) {
  const auto canned = std::make_shared<Canned>();
  canned->topics = {{.name = "b"}, {.name = "a"}};
  canned->groups = {{.name = "z"}, {.name = "y", .topic = "t"}, {.name = "y", .pattern = "#"}};
  const SimulatedExecutor executor{1};
  canned->lag = {{.group = "z", .topic = "b", .unsettled = 2, .oldest = executor.now() - std::chrono::seconds{90}},
                 {.group = "z", .topic = "a"}};
  CannedTransport transport{canned};
  EXPECT_EQ(topics(transport)->topics[0].name, "a");
  EXPECT_EQ(groups(transport)->groups[0].pattern, "#");
  const auto report = lag(transport, executor.now(), {});
  EXPECT_EQ(report->lag[0].topic, "a");
  EXPECT_EQ(report->lag[0].age_seconds, std::nullopt);
  EXPECT_EQ(report->lag[1].age_seconds, 90.0);
}

TEST(Topology, CreatesTopicsAndSaysWhetherTheyWereThere) {
  const auto canned = std::make_shared<Canned>();
  CannedTransport transport{canned};
  const auto made = create_topic(transport, {.name = "a", .partitions = 3}, 2);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_TRUE(made->created);
  EXPECT_EQ(made->topic.partitions, 3);
  EXPECT_EQ(canned->replications, std::vector<std::int32_t>{2});
  const auto again = create_topic(transport, {.name = "a"}, {});
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_FALSE(again->created);
  EXPECT_EQ(create_topic(transport, {.name = "a", .partitions = 4}, {}).error().kind, ErrorKind::conflict);
}

TEST(Topology, DeclaresTheTypesThatArePublishedToATopic) {
  const auto canned = std::make_shared<Canned>();
  CannedTransport transport{canned};
  ASSERT_TRUE(create_topic(transport, {.name = "a"}, {}, {"OrderCreated", "OrderPaid"}));
  ASSERT_EQ(canned->declared.size(), 1u);
  const std::vector<transport::PublishedType> wanted{{"OrderCreated", "a"}, {"OrderPaid", "a"}};
  ASSERT_EQ(canned->declared[0].published.size(), wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_EQ(canned->declared[0].published[i].type, wanted[i].type);
    EXPECT_EQ(canned->declared[0].published[i].topic, wanted[i].topic);
  }
}

TEST(Topology, DeclaresATopicWhereThatMakesIt) {
  const auto canned = std::make_shared<Canned>();
  canned->declares_only = true;
  CannedTransport transport{canned};
  EXPECT_TRUE(create_topic(transport, {.name = "a"}, {}));
  ASSERT_EQ(canned->declared.size(), 1u);
  EXPECT_EQ(canned->declared[0].topics.at(0).name, "a");
  EXPECT_EQ(create_topic(transport, {.name = "b"}, 3).error().kind, ErrorKind::unsupported);
}

TEST(Topology, ChangesThePartitionsOfTopicsThatAreThere) {
  const auto canned = std::make_shared<Canned>();
  CannedTransport transport{canned};
  canned->topics = {{.name = "a"}};
  EXPECT_EQ(repartition(transport, Topic{"b"}, 3).error().kind, ErrorKind::invalid);
  EXPECT_EQ(repartition(transport, Topic{"a"}, 3).error().kind, ErrorKind::unsupported);
  canned->repartition = {.from = 2, .held_by = {{.group = "g", .unsettled = 5}}};
  const auto change = repartition(transport, Topic{"a"}, 3);
  ASSERT_TRUE(change) << change.error().message;
  EXPECT_EQ(change->to, 3);
  EXPECT_FALSE(change->done);
  EXPECT_EQ(change->held_by.at(0).unsettled, 5u);
}

TEST(Topology, CreatesGroupsOfTopicsThatAreThere) {
  const auto canned = std::make_shared<Canned>();
  canned->topics.push_back({.name = "a"});
  CannedTransport transport{canned};
  EXPECT_TRUE(create_group(transport, {.group = "g", .topic = "a"}));
  EXPECT_TRUE(create_group(transport, {.group = "h", .pattern = "order.*"}));
  EXPECT_THAT(create_group(transport, {.group = "i", .topic = "b"}).error().message,
              ::testing::HasSubstr("there is no topic 'b'"));
  ASSERT_EQ(canned->created_groups.size(), 2u);
  EXPECT_EQ(canned->created_groups[0].topic, "a");
  EXPECT_EQ(canned->created_groups[1].pattern, "order.*");
}

TEST(Topology, RemovesOnlyGroupsThatAreThere) {
  const auto canned = std::make_shared<Canned>();
  canned->groups = {{.name = "a", .topic = "t"}, {.name = "a", .topic = "u"}, {.name = "b"}};
  CannedTransport transport{canned};
  EXPECT_EQ(remove_group(transport, Group{"c"}).error().message, "there is no group 'c'; there are: a, b");
  EXPECT_TRUE(remove_group(transport, Group{"a"}));
  EXPECT_EQ(canned->removed_groups, std::vector<std::string>{"a"});
  EXPECT_EQ(canned->erased_keys, std::vector<std::string>{"inbox/a"})
      << "a new group of that name may have another inbox";
}

TEST(Topology, NamesSoManyOfThoseThatThereAre) {
  const auto canned = std::make_shared<Canned>();
  for (int i = 0; i < 21; ++i) canned->groups.push_back({.name = "g" + std::to_string(10 + i), .topic = "t"});
  CannedTransport transport{canned};
  EXPECT_THAT(remove_group(transport, Group{"c"}).error().message, ::testing::EndsWith("g28, g29, ..."));
}

}  // namespace
}  // namespace tidings::operate
