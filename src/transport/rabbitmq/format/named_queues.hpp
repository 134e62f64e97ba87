// Queues that others named (SubscriptionSpec::queue): which group has which. Two groups on one would take each other's
// events.
//
// Wire:    docs/wire.md, "Control on RabbitMQ".
// Threads: any. Blocks: as Control, and the registrations' view.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "tidings/transport/transport.hpp"
#include "transport/driver/registrations.hpp"
#include "transport/rabbitmq/format/amqp_names.hpp"

namespace tidings::rabbitmq {

class NamedQueues final {
 public:
  // `records`: the driver's own.
  NamedQueues(Names names, std::shared_ptr<transport::Control> records,
              std::shared_ptr<transport::Registrations> registrations)
      : names_{std::move(names)}, records_{std::move(records)}, registrations_{std::move(registrations)} {}

  // Before a member joins: the queue that the subscription reads, named or its own, is its group's from then on.
  // invalid: no such name, or the group reads it by another subscription. conflict: it is another group's, or members
  // that live read another one.
  Result<void> claim(const transport::SubscriptionSpec& spec);
  // Those of a group that is removed.
  Result<void> release(std::string_view group);

 private:
  Result<void> check_name(const transport::SubscriptionSpec& spec) const;
  Result<void> check_others(const transport::SubscriptionSpec& spec);
  Result<void> check_group(const transport::GroupRecord& record, const transport::SubscriptionSpec& spec);
  Result<void> put(const transport::SubscriptionSpec& spec);

  const Names names_;
  const std::shared_ptr<transport::Control> records_;
  const std::shared_ptr<transport::Registrations> registrations_;
};

}  // namespace tidings::rabbitmq
