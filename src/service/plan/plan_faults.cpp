#include "service/plan/plan_faults.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "tidings/type_name.hpp"

namespace tidings::service {

namespace {

constexpr int kConcurrencyMax = 1'024;
constexpr std::size_t kInFlightMax = 100'000;
constexpr int kCrashAttemptsMax = 100;
constexpr std::size_t kBatchMax = 10'000;

template <class T>
void check_range(std::string_view field, T value, T least, T most, Faults& faults) {
  if (value < least || value > most) faults.add(fmt::format("{} is {}; give {} to {}", field, value, least, most));
}

bool equal(const transport::Start& left, const transport::Start& right) {
  return left.at == right.at && left.time == right.time;
}
template <class T>
bool equal(const T& left, const T& right) {
  return left == right;
}

template <class T>
void merge(std::string_view field, std::optional<T>& into, const std::optional<T>& from, Faults& faults) {
  if (!from) return;
  if (into && !equal(*into, *from))
    faults.add(fmt::format("{} differs between its handlers; give it once, or the same value", field));
  into = from;
}

void check_command(const Registration& registration, Faults& faults) {
  const On& options = registration.options;
  if (!registration.type || !registration.type->info.is_command()) return;
  if (!options.pattern.empty()) faults.add("a command is not matched by patterns; leave `pattern` out");
  if (!options.topic.empty() && options.topic != registration.type->info.destination) {
    faults.add(fmt::format("a command comes from its destination '{}'; leave `topic` out",
                           registration.type->info.destination));
  }
  if (options.sharing == transport::Sharing::broadcast)
    faults.add("a command has exactly one receiver; leave `sharing` out");
}

void check_batch(const Registration& registration, Faults& faults) {
  if (!registration.run_batch) return;
  check_range("the batch's size", registration.batch.size, std::size_t{1}, kBatchMax, faults);
  if (registration.batch.wait < Duration::zero()) faults.add("the batch's wait is negative; give 0 or more");
}

void check_twice(const SubscriptionPlan& plan, const HandlerPlan& handler, const HandlerPlan& other, Faults& faults) {
  if (!handler.type && !other.type) faults.add("two handlers of any event; leave one of them");
  if (!handler.type || !other.type || handler.type->info.version != other.type->info.version) return;
  if (!same_type(handler.type->info.type, other.type->info.type)) return;
  faults.add(fmt::format("two handlers, {} and {}, of one type and version; give one of them a group other than '{}'",
                         handler.label, other.label, plan.spec.group));
}

// Topics that the subscription reads, as far as the service itself knows.
std::set<std::string> topics_of(const SubscriptionPlan& plan, const std::vector<const EventType*>& types) {
  if (!plan.spec.topic.empty()) return {plan.spec.topic};
  std::set<std::string> topics{plan.spec.extra_topics.begin(), plan.spec.extra_topics.end()};
  for (const EventType* type : types) {
    if (type->info.is_command()) continue;
    if (pattern_matches(plan.spec.pattern, dotted_type(type->info.type))) topics.emplace(type->info.topic);
  }
  return topics;
}

std::vector<const EventType*> known_types(const std::vector<SubscriptionPlan>& plans,
                                          const std::vector<const EventType*>& published) {
  std::vector<const EventType*> types = published;
  for (const SubscriptionPlan& plan : plans) {
    for (const HandlerPlan& handler : plan.handlers) {
      if (handler.type) types.push_back(handler.type);
    }
  }
  return types;
}

}  // namespace

void Faults::add(std::string_view fault) {
  std::string line = title_.empty() ? std::string{fault} : fmt::format("{}: {}", title_, fault);
  if (std::ranges::find(lines_, line) == lines_.end()) lines_.push_back(std::move(line));
}

Error Faults::error() const {
  std::string message = fmt::format("the contract has {} {}:", lines_.size(), lines_.size() == 1 ? "fault" : "faults");
  for (const std::string& line : lines_) message += "\n  " + line;
  return invalid(std::move(message));
}

void check_registration(const Registration& registration, Faults& faults) {
  const On& options = registration.options;
  for (const std::string& fault : validate(options.retry)) faults.add(fault);
  if (options.timeout <= Duration::zero()) faults.add("timeout must be more than 0");
  if (!options.topic.empty() && !options.pattern.empty()) faults.add("reads a topic and a pattern; give one of them");
  if (!options.topics.empty() && options.pattern.empty())
    faults.add("`topics` adds to a pattern; give `pattern`, or use `topic`");
  if (!registration.type && options.topic.empty() && options.pattern.empty())
    faults.add("a handler of any event needs a topic or a pattern");
  check_command(registration, faults);
  check_batch(registration, faults);
}

void merge_options(On& merged, const On& options, Faults& faults) {
  merge("concurrency", merged.concurrency, options.concurrency, faults);
  merge("order", merged.order, options.order, faults);
  merge("start", merged.start, options.start, faults);
  merge("unhandled", merged.unhandled, options.unhandled, faults);
  merge("require_id", merged.require_id, options.require_id, faults);
  merge("crash_attempts_max", merged.crash_attempts_max, options.crash_attempts_max, faults);
  merge("in_flight_max", merged.in_flight_max, options.in_flight_max, faults);
  merge("sharing", merged.sharing, options.sharing, faults);
  merge("inbox", merged.inbox, options.inbox, faults);
  if (!options.topics.empty() && !merged.topics.empty() && options.topics != merged.topics)
    faults.add("topics differs between its handlers; give it once, or the same list");
  if (!options.topics.empty()) merged.topics = options.topics;
  if (!options.queue.empty() && !merged.queue.empty() && options.queue != merged.queue)
    faults.add("queue differs between its handlers; give it once, or the same name");
  if (!options.queue.empty()) merged.queue = options.queue;
}

void check_subscription(const SubscriptionPlan& plan, Faults& faults) {
  check_range("concurrency", static_cast<int>(plan.concurrency), 1, kConcurrencyMax, faults);
  check_range("in_flight_max", plan.spec.in_flight_max, std::size_t{1}, kInFlightMax, faults);
  check_range("crash_attempts_max", plan.rules.crash_attempts_max, 1, kCrashAttemptsMax, faults);
  for (std::size_t i = 0; i < plan.handlers.size(); ++i) {
    for (std::size_t j = i + 1; j < plan.handlers.size(); ++j)
      check_twice(plan, plan.handlers[i], plan.handlers[j], faults);
  }
  if (!plan.spec.queue.empty() && plan.spec.sharing == transport::Sharing::broadcast)
    faults.add("a broadcast has a queue for each instance; leave `queue` or `sharing` out");
  if (!plan.inbox) return;
  if (plan.has_batches())
    faults.add(
        "an inbox works event by event, a batch handler cannot have one; set On::inbox = nullptr on it (its effects "
        "may "
        "repeat), or handle event by event with on()");
  if (plan.spec.sharing == transport::Sharing::broadcast)
    faults.add("an inbox would hand a broadcast to the first instance only; leave one of them out");
}

void check_topics(const std::vector<DeclaredTopic>& topics, Faults& faults) {
  for (std::size_t i = 0; i < topics.size(); ++i) {
    faults.within(fmt::format("topic '{}'", topics[i].topic));
    for (const std::string& fault : transport::validate(topics[i].policy.retention)) faults.add(fault);
    for (std::size_t j = 0; j < i; ++j) {
      const auto field = transport::difference(topics[j].policy.retention, topics[i].policy.retention);
      if (topics[i].topic != topics[j].topic || field.empty()) continue;
      faults.add(fmt::format("retention.{} differs between its types; give it once, or the same value", field));
    }
  }
}

void check_overlaps(const std::vector<SubscriptionPlan>& plans, const std::vector<const EventType*>& published,
                    Faults& faults) {
  faults.within({});
  const auto types = known_types(plans, published);
  for (std::size_t i = 0; i < plans.size(); ++i) {
    for (std::size_t j = i + 1; j < plans.size(); ++j) {
      if (plans[i].spec.group != plans[j].spec.group) continue;
      const auto left = topics_of(plans[i], types);
      const auto right = topics_of(plans[j], types);
      const auto both = std::ranges::find_if(left, [&](const std::string& topic) { return right.contains(topic); });
      if (both == left.end()) continue;
      faults.add(
          fmt::format("group '{}' would read topic '{}' twice, through '{}' and '{}'; give one a group of its own",
                      plans[i].spec.group, *both, plans[i].name(), plans[j].name()));
    }
  }
}

}  // namespace tidings::service
