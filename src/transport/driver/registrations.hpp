// Who subscribes to what, agreed on by all processes of a deployment before they join a broker's groups or queues.
//
// Threads: any. Blocks: as Control, and the driver's view.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tidings/executor.hpp"
#include "transport/driver/group_record.hpp"
#include "transport/driver/pattern_topics.hpp"

namespace tidings::transport {

// What registrations ask of a driver.
class DeploymentView {
 public:
  virtual ~DeploymentView() = default;
  // invalid: what the names of the group and of what it reads cannot be.
  virtual Result<void> check_names(const SubscriptionSpec& spec) = 0;
  // None: it is not there.
  virtual Result<std::optional<KnownTopic>> topic(const std::string& name) = 0;
  virtual Error missing(const std::string& topic) = 0;
  // Those that patterns may read.
  virtual Result<std::vector<KnownTopic>> topics() = 0;
  // Of the subscription's members, the instances that are there now.
  virtual Result<std::set<std::string>> present(const std::string& group, const GroupSubscription& subscription) = 0;
};

class Registrations final {
 public:
  // `control`: the users'; `records`: the driver's own.
  Registrations(std::shared_ptr<Executor> executor, std::shared_ptr<DeploymentView> view,
                std::shared_ptr<Control> control, std::shared_ptr<Control> records)
      : executor_{std::move(executor)},
        view_{std::move(view)},
        control_{std::move(control)},
        records_{std::move(records)} {}

  // Announces the member, before it joins by that instance's name. Another process that had it is replaced, unless it
  // is there still: then both are announced, and the name counts as one.
  // invalid: no such subscription, or the group reads a topic twice. conflict: a command's second group.
  Result<void> join(const SubscriptionSpec& spec, const GroupMember& member);
  // A subscription that has no member yet.
  Result<void> know(const SubscriptionSpec& spec);
  // Withdraws it; after it left. Not another process of that name.
  Result<void> leave(const SubscriptionSpec& spec, const GroupMember& member);

  // Which topics it reads now, in our words.
  Result<std::set<std::string>> topics_read(const SubscriptionSpec& spec);

  Result<std::vector<GroupRecord>> groups();
  // invalid: there is none.
  Result<GroupRecord> group(const std::string& name);
  // Members that live, by their names, each once: of those announced, who is there, or was announced so lately that it
  // may come. Of several processes of a name, the one that was announced last.
  Result<std::vector<GroupMember>> living(const std::string& group, const GroupSubscription& subscription);
  // conflict: it has live members.
  Result<void> check_gone(const GroupRecord& record);
  // Likewise.
  Result<void> remove(const std::string& group);
  // When dead letters of that group were last removed with it; none: never.
  Result<std::optional<Time>> removed(const std::string& group);

 private:
  Result<void> check(const SubscriptionSpec& spec);
  Result<void> check_topic(const SubscriptionSpec& spec);
  Result<void> claim_command(const SubscriptionSpec& spec);
  Result<void> check_overlap(const SubscriptionSpec& spec, const GroupRecord& record);
  // The one that is to be announced, for others of its name that are gone.
  Result<void> replace(const std::string& group, GroupSubscription& there, const GroupMember& member);
  // Changes a group's record, again and again until nobody else did meanwhile.
  Result<void> change(const std::string& group, const std::function<Result<void>(GroupRecord&)>& how);

  const std::shared_ptr<Executor> executor_;
  const std::shared_ptr<DeploymentView> view_;
  const std::shared_ptr<Control> control_;
  const std::shared_ptr<Control> records_;
};

SubscriptionSpec spec_of(const std::string& group, const GroupSubscription& subscription);

}  // namespace tidings::transport
