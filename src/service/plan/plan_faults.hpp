// What can be wrong with a contract: each check adds its faults, and all are reported together.
//
// Pure. Threads: one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "service/plan/plan.hpp"

namespace tidings::service {

class Faults final {
 public:
  // What the next faults are about.
  void within(std::string title) { title_ = std::move(title); }
  void add(std::string_view fault);

  bool empty() const { return lines_.empty(); }
  // invalid: a line for each fault.
  Error error() const;

 private:
  std::string title_;
  std::vector<std::string> lines_;
};

// One declaration by itself.
void check_registration(const Registration& registration, Faults& faults);

// Takes over the subscription-level fields that are set; differing ones are faults.
void merge_options(On& merged, const On& options, Faults& faults);

// A subscription with all its handlers.
void check_subscription(const SubscriptionPlan& plan, Faults& faults);

// What the declarations of topics say of themselves and of each other.
void check_topics(const std::vector<DeclaredTopic>& topics, Faults& faults);

// Two subscriptions of one group that would read the same topic.
void check_overlaps(const std::vector<SubscriptionPlan>& plans, const std::vector<const EventType*>& published,
                    Faults& faults);

}  // namespace tidings::service
