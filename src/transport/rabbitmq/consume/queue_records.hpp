// What stays in Control of a subscription's queues when these are gone: who had them, and what was tried of what was in
// them.
//
// Threads: any. Blocks: as ControlStream and Broker.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "transport/rabbitmq/control/control_stream.hpp"
#include "transport/rabbitmq/topology/broker.hpp"
#include "transport/rabbitmq/topology/subscription_queue.hpp"

namespace tidings::rabbitmq {

// Erases all of the queues of that name. What somebody notes of them meanwhile stays.
Result<void> erase_queue_records(Broker& broker, ControlStream& log, const std::string& name);

// Of a broadcast, whose queues have the names `<begins><instance>`: what is there of each instance. `competing`:
// members note nothing but trials.
using InstanceRecords = std::map<std::string, std::vector<transport::ControlRecord>>;
InstanceRecords instance_records(std::string_view begins, bool competing,
                                 const std::vector<transport::ControlRecord>& shares,
                                 const std::vector<transport::ControlRecord>& trials);
// `nobodys`: the queues of an instance without a name.
Result<InstanceRecords> instance_records(ControlStream& log, const SubscriptionQueues& nobodys);

// Erases what is there of instances whose queue is gone, and which are not there themselves: nobody else does, and each
// may have another name. Looks at kForgottenMax of them at most, another time at others.
Result<void> forget_gone_instances(Broker& broker, ControlStream& log, const SubscriptionQueues& nobodys);

}  // namespace tidings::rabbitmq
