// Processes of one name; the rest is tested on the brokers.
#include "transport/driver/registrations.hpp"

#include <gmock/gmock.h>

#include <map>

namespace tidings::transport {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class MapControl final : public Control {
 public:
  Result<std::uint64_t> put(std::string_view key, std::optional<std::string_view> value, const PutOptions&) override {
    records_.erase(std::string{key});
    if (value) records_[std::string{key}] = {.key = std::string{key}, .value = std::string{*value}, .version = ++last_};
    return last_;
  }
  Result<std::optional<ControlRecord>> get(std::string_view key) override {
    const auto found = records_.find(std::string{key});
    return found == records_.end() ? std::nullopt : std::optional{found->second};
  }
  Result<std::vector<ControlRecord>> list(std::string_view prefix) override {
    std::vector<ControlRecord> listed;
    for (const auto& [key, record] : records_) {
      if (key.starts_with(prefix)) listed.push_back(record);
    }
    return listed;
  }
  Result<std::uint64_t> watch(std::uint64_t seen, Time) override { return seen; }

 private:
  std::map<std::string, ControlRecord> records_;
  std::uint64_t last_ = 0;
};

// Topic `orders`.
class View final : public DeploymentView {
 public:
  Result<void> check_names(const SubscriptionSpec&) override { return {}; }
  Result<std::optional<KnownTopic>> topic(const std::string& name) override { return std::optional{KnownTopic{name}}; }
  Error missing(const std::string& topic) override { return invalid(topic); }
  Result<std::vector<KnownTopic>> topics() override { return std::vector<KnownTopic>{{.name = "orders"}}; }
  Result<std::set<std::string>> present(const std::string&, const GroupSubscription& subscription) override {
    std::set<std::string> there;
    for (const GroupMember& member : subscription.members) {
      if (names_.contains(member.instance)) there.insert(member.instance);
    }
    return there;
  }

  std::set<std::string> names_;  // of instances that are there
};

class RegistrationsTest : public ::testing::Test {
 protected:
  // A process of name `one`, which was announced long ago.
  static GroupMember process(std::int64_t pid) {
    return {.instance = "one", .host = "h", .pid = pid, .joined = Time{std::chrono::seconds{1}}};
  }
  void join(const GroupMember& member) { ASSERT_TRUE(registrations_.join(kReaders, member)); }
  void leave(const GroupMember& member) { ASSERT_TRUE(registrations_.leave(kReaders, member)); }
  std::vector<std::int64_t> pids(const std::vector<GroupMember>& of) {
    std::vector<std::int64_t> pids;
    for (const GroupMember& member : of) pids.push_back(member.pid);
    return pids;
  }
  std::vector<std::int64_t> announced() { return pids(registrations_.group("g").value().subscriptions.at(0).members); }
  std::vector<std::int64_t> living() {
    return pids(registrations_.living("g", registrations_.group("g").value().subscriptions.at(0)).value());
  }

  const SubscriptionSpec kReaders{.group = "g", .topic = "orders"};
  const std::shared_ptr<View> view_ = std::make_shared<View>();
  Registrations registrations_{thread_executor(), view_, std::make_shared<MapControl>(),
                               std::make_shared<MapControl>()};
};

TEST_F(RegistrationsTest, AnotherProcessOfANameThatIsThereOutlivesTheSecond) {
  join(process(1));
  view_->names_ = {"one"};
  join(process(2));
  EXPECT_THAT(living(), ElementsAre(2)) << "a name counts once";
  leave(process(2));
  EXPECT_THAT(living(), ElementsAre(1));
  EXPECT_EQ(registrations_.remove("g").error().kind, ErrorKind::conflict);
  view_->names_ = {};
  leave(process(1));
  EXPECT_TRUE(registrations_.remove("g"));
}

TEST_F(RegistrationsTest, OneThatDiedIsReplacedByTheNextOfItsName) {
  join(process(1));
  join(process(2));
  EXPECT_THAT(announced(), ElementsAre(2));
  leave(process(2));
  EXPECT_THAT(living(), IsEmpty());
}

TEST_F(RegistrationsTest, AProcessIsAnnouncedOnce) {
  join(process(1));
  view_->names_ = {"one"};
  join(process(1));
  EXPECT_THAT(announced(), ElementsAre(1));
}

TEST_F(RegistrationsTest, SoManyOfANameAreAnnounced) {
  view_->names_ = {"one"};
  for (int pid = 1; pid <= 12; ++pid) join(process(pid));
  EXPECT_THAT(announced(), ElementsAre(4, 5, 6, 7, 8, 9, 10, 11, 12)) << "kNamesakesMax besides the newest";
}

}  // namespace
}  // namespace tidings::transport
