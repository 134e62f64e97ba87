#include "tests/conformance/victim_plan.hpp"

#include <algorithm>
#include <charconv>
#include <mutex>
#include <span>

namespace tidings::conformance {

using transport::Delivery;
using transport::Outcome;
using transport::Record;
using transport::Settlement;

namespace {

// No machine is so slow that a plan takes longer.
constexpr Duration kPlanWithin = std::chrono::seconds{30};

struct NumbersField {
  std::string_view name;
  std::vector<std::size_t> VictimPlan::*field;
};
constexpr NumbersField kNumbers[] = {{"accept", &VictimPlan::accept},
                                     {"retry", &VictimPlan::retry},
                                     {"mark", &VictimPlan::mark},
                                     {"run", &VictimPlan::run}};

Result<std::size_t> number_of(std::string_view text) {
  std::size_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc{} || end != text.data() + text.size()) {
    return invalid("'" + std::string{text} + "' is no number of a victim's plan");
  }
  return number;
}

Result<void> read_argument(VictimPlan& plan, std::string_view name, std::string_view value) {
  if (name == "topic") {
    plan.topic = value;
    return {};
  }
  if (name == "group") {
    plan.group = value;
    return {};
  }
  const auto number = number_of(value);
  if (!number) return number.error();
  if (name == "publish") plan.publish = *number;
  if (name == "receive") plan.receive = *number;
  for (const auto& [field_name, field] : kNumbers) {
    if (field_name == name) (plan.*field).push_back(*number);
  }
  return {};
}

// Waits until everything sent is answered; the first refusal, if there was one.
Result<void> publish_all(transport::Publisher& publisher, std::vector<Record> records, Time deadline) {
  struct Answers {
    std::mutex mutex;
    Result<void> first_refusal;
  };
  const auto answers = std::make_shared<Answers>();
  publisher.send(std::move(records), [answers](std::size_t, Result<void> outcome) {
    const std::lock_guard lock{answers->mutex};
    if (!outcome && answers->first_refusal) answers->first_refusal = std::move(outcome);
  });
  if (auto flushed = publisher.flush(deadline); !flushed) return flushed;
  const std::lock_guard lock{answers->mutex};
  return answers->first_refusal;
}

Result<std::vector<Delivery>> receive_all(transport::Consumer& consumer, std::size_t count, Executor& executor) {
  const Time deadline = executor.now() + kPlanWithin;
  std::vector<Delivery> received;
  while (received.size() < count) {
    if (executor.now() >= deadline) return unavailable("the victim received too little");
    auto batch = consumer.receive(count - received.size(), deadline);
    if (!batch) return batch.error();
    for (Delivery& delivery : batch->deliveries) received.push_back(std::move(delivery));
  }
  return received;
}

Result<void> settle_those(transport::Consumer& consumer, Executor& executor, const std::vector<Delivery>& received,
                          std::span<const std::size_t> places, const std::function<Outcome(const Delivery&)>& outcome) {
  std::vector<Settlement> settlements;
  for (const std::size_t place : places) {
    if (place >= received.size()) return invalid("the victim's plan speaks of deliveries that it does not receive");
    settlements.push_back({.token = received[place].token, .outcome = outcome(received[place])});
  }
  for (auto& result : settle_now(consumer, executor, std::move(settlements))) {
    if (!result) return result;
  }
  return {};
}

Result<void> settle_as_planned(const VictimPlan& plan, transport::Consumer& consumer, Executor& executor,
                               const std::vector<Delivery>& received) {
  const auto accept = [](const Delivery&) -> Outcome { return transport::Accept{}; };
  const auto retry = [now = executor.now()](const Delivery& delivery) -> Outcome {
    transport::Attempts attempts = delivery.attempts;
    ++attempts.failed;
    attempts.due = now + kRetryDelayOfVictims;
    attempts.first_failed = now;
    attempts.last_error = "the victim's handler failed";
    return transport::Retry{.order = transport::RetryOrder::strict, .attempts = attempts};
  };
  const auto mark = [](const Delivery& delivery) -> Outcome { return transport::Mark{delivery.attempts.crashes + 1}; };
  if (auto settled = settle_those(consumer, executor, received, plan.accept, accept); !settled) return settled;
  if (auto settled = settle_those(consumer, executor, received, plan.retry, retry); !settled) return settled;
  return settle_those(consumer, executor, received, plan.mark, mark);
}

}  // namespace

std::vector<std::string> to_arguments(const VictimPlan& plan) {
  std::vector<std::string> arguments{"topic=" + plan.topic, "group=" + plan.group,
                                     "publish=" + std::to_string(plan.publish),
                                     "receive=" + std::to_string(plan.receive)};
  for (const auto& [name, field] : kNumbers) {
    for (const std::size_t place : plan.*field) arguments.push_back(std::string{name} + "=" + std::to_string(place));
  }
  return arguments;
}

Result<VictimPlan> plan_from(const std::vector<std::string>& arguments) {
  VictimPlan plan;
  for (const std::string_view argument : arguments) {
    const std::size_t equals = std::min(argument.find('='), argument.size() - 1);
    if (auto read = read_argument(plan, argument.substr(0, equals), argument.substr(equals + 1)); !read) {
      return read.error();
    }
  }
  return plan;
}

Result<Carried> carry_out(const VictimPlan& plan, transport::Transport& transport, Executor& executor) {
  Carried carried;
  if (plan.publish > 0) {
    auto publisher = transport.publisher({});
    if (!publisher) return publisher.error();
    carried.publisher = *std::move(publisher);
    std::vector<Record> records;
    for (std::size_t i = 0; i < plan.publish; ++i) {
      records.push_back({.topic = plan.topic, .key = std::to_string(i), .id = std::to_string(i)});
    }
    const Time deadline = executor.now() + kPlanWithin;
    if (auto done = publish_all(*carried.publisher, std::move(records), deadline); !done) return done.error();
  }
  if (plan.group.empty()) return carried;
  auto consumer = transport.consumer({.group = plan.group, .topic = plan.topic});
  if (!consumer) return consumer.error();
  carried.consumer = *std::move(consumer);
  const auto received = receive_all(*carried.consumer, plan.receive, executor);
  if (!received) return received.error();
  const auto settled = settle_as_planned(plan, *carried.consumer, executor, *received);
  if (!settled) return settled.error();
  const auto board = carried.consumer->running();
  for (std::size_t slot = 0; slot < std::min(plan.run.size(), board.size()); ++slot) {
    board[slot] = (*received)[plan.run[slot]].token;
  }
  return carried;
}

}  // namespace tidings::conformance
