// What a service's declarations come to: its subscriptions, each with handlers and policies.
//
// All `on` calls of a group on one topic or pattern are one subscription. Every fault of a contract is reported at
// once.
//
// Pure. Threads: values, not changed once the bus has started.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/decide.hpp"
#include "tidings/contract.hpp"
#include "tidings/transport/transport.hpp"

namespace tidings::service {

// What the `run` of a batch handler gets as its data.
struct BatchCall {
  std::span<const Envelope* const> envelopes;
  std::span<const void* const> data;
  std::optional<std::vector<Result<void>>>& results;  // set by the handler; none: a wrap ran something else instead
};

struct HandlerPlan {
  std::string label;                 // how faults and logs name it: `on<OrderCreated>`
  const EventType* type = nullptr;   // null: any event
  HandlerFunction run;               // wraps applied
  std::optional<BatchLimits> batch;  // set: a handler of batches, `run` takes a BatchCall
  RetryPolicy retry;
  Duration timeout{};
  OnTimeout on_timeout = OnTimeout::report;
};

struct SubscriptionPlan {
  transport::SubscriptionSpec spec;
  std::vector<HandlerPlan> handlers;
  pipeline::Rules rules;
  std::size_t concurrency = 1;
  std::shared_ptr<Inbox> inbox;  // null: none

  // What operators call it: the topic or the pattern.
  const std::string& name() const { return spec.topic.empty() ? spec.pattern : spec.topic; }
  bool has_batches() const;
};

// What declarations that say nothing get.
struct PlanDefaults {
  std::string group;
  std::shared_ptr<Inbox> inbox;  // not for broadcasts
};

// What the facts of its transport mean for it.
void fit(SubscriptionPlan& plan, const transport::Capabilities& capabilities);

// How many deliveries of one partition may wait behind strict retries: a share of what is in flight, so others flow.
std::size_t held_max(const SubscriptionPlan& plan);

Result<std::vector<SubscriptionPlan>> make_plan(const Contract& contract, const PlanDefaults& defaults);

// What the deployment must know before anything is published or read.
transport::Declaration declaration_of(std::span<const EventType* const> published,
                                      std::span<const SubscriptionPlan> plans,
                                      std::span<const DeclaredTopic> topics = {});

// The handler for a type (by its words) and version: of that version; else of the greatest lower one, since a newer
// event still has what an older reader wants; else of the smallest higher one; else the handler of any event. Null:
// none.
const HandlerPlan* find_handler(const SubscriptionPlan& plan, std::string_view type, int version);

// How many versions of the type have a handler here.
std::size_t versions_of(const SubscriptionPlan& plan, std::string_view type);

// One line: the stages in their order, and the policies that are in effect.
std::string describe_plan(const SubscriptionPlan& plan);

}  // namespace tidings::service
