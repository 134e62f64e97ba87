#include "service/plan/plan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "service/plan/plan_faults.hpp"
#include "tidings/type_name.hpp"

namespace tidings::service {

namespace {

constexpr std::size_t kInFlightDefault = 1'024;
constexpr std::size_t kInFlightWithInbox = 4'096;  // a group commit gathers more

std::string label_of(const Registration& registration) {
  const char* verb = registration.run_batch ? "on_batch" : registration.type ? "on" : "on_any";
  if (!registration.type) return fmt::format("{}({})", verb, registration.options.pattern + registration.options.topic);
  const EventInfo& info = registration.type->info;
  if (info.version == 1) return fmt::format("{}<{}>", verb, info.type);
  return fmt::format("{}<{} v{}>", verb, info.type, info.version);
}

// Where the registration reads: its own topic or pattern, or else its type's stream.
std::string stream_of(const Registration& registration) {
  const On& options = registration.options;
  if (!options.topic.empty() || !options.pattern.empty() || !registration.type) return options.topic;
  return std::string{registration.type->info.stream()};
}

// So that wraps can go around it.
HandlerFunction as_handler(BatchFunction run) {
  return [run = std::move(run)](const void* data, Context&) -> Result<void> {
    const auto& call = *static_cast<const BatchCall*>(data);
    call.results = run(call.envelopes, call.data);
    return {};
  };
}

HandlerPlan handler_of(const Registration& registration, const std::vector<Wrap>& wraps) {
  HandlerPlan handler{.label = label_of(registration),
                      .type = registration.type,
                      .run = registration.run_batch ? as_handler(registration.run_batch) : registration.run,
                      .retry = registration.options.retry,
                      .timeout = registration.options.timeout,
                      .on_timeout = registration.options.on_timeout};
  if (registration.run_batch) handler.batch = registration.batch;
  for (const Wrap& wrap : wraps) handler.run = wrap(std::move(handler.run));
  return handler;
}

// A subscription while its registrations are read: optional fields until all were seen.
struct Draft {
  std::string group;
  std::string topic;
  std::string pattern;
  On merged;  // subscription-level fields only
  std::vector<const Registration*> registrations;
};

Draft& draft_of(std::vector<Draft>& drafts, const Registration& registration, const PlanDefaults& defaults) {
  const On& options = registration.options;
  Draft wanted{.group = options.group.empty() ? defaults.group : options.group,
               .topic = stream_of(registration),
               .pattern = options.pattern,
               .merged = {},
               .registrations = {}};
  const auto same = [&](const Draft& draft) {
    return draft.group == wanted.group && draft.topic == wanted.topic && draft.pattern == wanted.pattern;
  };
  const auto known = std::ranges::find_if(drafts, same);
  if (known != drafts.end()) return *known;
  drafts.push_back(std::move(wanted));
  return drafts.back();
}

std::string title_of(const Draft& draft) {
  return fmt::format("subscription of group '{}' to '{}'", draft.group,
                     draft.topic.empty() ? draft.pattern : draft.topic);
}

std::shared_ptr<Inbox> inbox_of(const Draft& draft, const PlanDefaults& defaults) {
  if (draft.merged.inbox) return *draft.merged.inbox;
  return draft.merged.sharing == transport::Sharing::broadcast ? nullptr : defaults.inbox;
}

// A pattern reads the topics that the service's own types name, and those of foreign producers that it is told of.
std::vector<std::string> extra_topics_of(const Draft& draft) {
  std::set<std::string> topics{draft.merged.topics.begin(), draft.merged.topics.end()};
  if (draft.pattern.empty()) return {};
  for (const Registration* registration : draft.registrations) {
    if (registration->type) topics.emplace(registration->type->info.topic);
  }
  return {topics.begin(), topics.end()};
}

SubscriptionPlan finish(const Draft& draft, const PlanDefaults& defaults, const std::vector<Wrap>& wraps) {
  SubscriptionPlan plan;
  const On& merged = draft.merged;
  plan.inbox = inbox_of(draft, defaults);
  plan.concurrency = static_cast<std::size_t>(merged.concurrency.value_or(1));
  plan.rules.crash_attempts_max = merged.crash_attempts_max.value_or(plan.rules.crash_attempts_max);
  plan.rules.unhandled = merged.unhandled.value_or(plan.rules.unhandled);
  plan.rules.require_id = merged.require_id.value_or(plan.rules.require_id);
  plan.rules.order = merged.order.value_or(plan.rules.order);
  std::size_t running = plan.concurrency;
  for (const Registration* registration : draft.registrations) {
    plan.handlers.push_back(handler_of(*registration, wraps));
    if (registration->run_batch) running = std::max(running, registration->batch.size);
  }
  const auto is_command = [](const Registration* r) { return r->type && r->type->info.is_command(); };
  plan.spec = {.group = draft.group,
               .topic = draft.topic,
               .pattern = draft.pattern,
               .extra_topics = extra_topics_of(draft),
               .command = std::ranges::any_of(draft.registrations, is_command),
               .queue = merged.queue,
               .sharing = merged.sharing.value_or(transport::Sharing::shared),
               .start = merged.start.value_or(transport::Start{}),
               .in_flight_max = merged.in_flight_max.value_or(plan.inbox ? kInFlightWithInbox : kInFlightDefault),
               .running_max = running + 1};  // one more for who decodes ahead
  return plan;
}

}  // namespace

bool SubscriptionPlan::has_batches() const {
  return std::ranges::any_of(handlers, [](const HandlerPlan& handler) { return !!handler.batch; });
}

void fit(SubscriptionPlan& plan, const transport::Capabilities& capabilities) {
  plan.rules.record_bytes_max = capabilities.record_bytes_max;
  plan.rules.strict_hold_max = capabilities.strict_hold_max;
}

std::size_t held_max(const SubscriptionPlan& plan) {
  constexpr std::size_t kHeldShare = 4;
  return std::max<std::size_t>(plan.spec.in_flight_max / kHeldShare, 1);
}

Result<std::vector<SubscriptionPlan>> make_plan(const Contract& contract, const PlanDefaults& defaults) {
  Faults faults;
  std::vector<Draft> drafts;
  for (const Registration& registration : contract.registrations()) {
    faults.within(label_of(registration));
    check_registration(registration, faults);
    Draft& draft = draft_of(drafts, registration, defaults);
    faults.within(title_of(draft));
    merge_options(draft.merged, registration.options, faults);
    draft.registrations.push_back(&registration);
  }
  std::vector<SubscriptionPlan> plans;
  for (const Draft& draft : drafts) {
    plans.push_back(finish(draft, defaults, contract.wraps()));
    faults.within(title_of(draft));
    check_subscription(plans.back(), faults);
  }
  check_overlaps(plans, contract.published(), faults);
  check_topics(contract.topics(), faults);
  if (!faults.empty()) return faults.error();
  return plans;
}

transport::Declaration declaration_of(std::span<const EventType* const> published,
                                      std::span<const SubscriptionPlan> plans, std::span<const DeclaredTopic> topics) {
  transport::Declaration declaration;
  const auto add_topic = [&](std::string_view name, bool command) {
    const auto same = [&](const transport::TopicSpec& topic) { return topic.name == name; };
    if (name.empty() || std::ranges::any_of(declaration.topics, same)) return;
    declaration.topics.push_back({.name = std::string{name}, .command = command});
  };
  for (const EventType* type : published) {
    add_topic(type->info.stream(), type->info.is_command());
    const auto same = [&](const transport::PublishedType& known) {
      return known.topic == type->info.stream() && same_type(known.type, type->info.type);
    };
    if (type->info.is_command() || std::ranges::any_of(declaration.published, same)) continue;
    declaration.published.push_back({std::string{type->info.type}, std::string{type->info.topic}});
  }
  for (const SubscriptionPlan& plan : plans) {
    add_topic(plan.spec.topic, plan.spec.command);
    for (const std::string& topic : plan.spec.extra_topics) add_topic(topic, false);
  }
  for (transport::TopicSpec& spec : declaration.topics) {
    for (const DeclaredTopic& topic : topics) {
      if (topic.topic == spec.name) spec.retention = transport::changed(spec.retention, topic.policy.retention);
    }
  }
  return declaration;
}

const HandlerPlan* find_handler(const SubscriptionPlan& plan, std::string_view type, int version) {
  const HandlerPlan* any = nullptr;
  const HandlerPlan* lower = nullptr;   // the greatest version at most `version`
  const HandlerPlan* higher = nullptr;  // the smallest one beyond it
  for (const HandlerPlan& handler : plan.handlers) {
    if (!handler.type) {
      any = &handler;
      continue;
    }
    if (!same_type(handler.type->info.type, type)) continue;
    const int reads = handler.type->info.version;
    if (reads <= version && (!lower || reads > lower->type->info.version)) lower = &handler;
    if (reads > version && (!higher || reads < higher->type->info.version)) higher = &handler;
  }
  if (lower) return lower;
  return higher ? higher : any;
}

std::size_t versions_of(const SubscriptionPlan& plan, std::string_view type) {
  return static_cast<std::size_t>(std::ranges::count_if(plan.handlers, [&](const HandlerPlan& handler) {
    return handler.type && same_type(handler.type->info.type, type);
  }));
}

}  // namespace tidings::service
