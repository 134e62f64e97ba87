#include "telemetry/decision_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <unordered_set>
#include <vector>

#include "tidings/time_text.hpp"

namespace tidings::telemetry {
namespace {

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

std::string retry_message(const Decision& decision) {
  if (!decision.due) return "the handler failed; the event is tried again";
  const Duration wait = std::max(*decision.due - decision.at, Duration::zero());  // it may be due by now
  return fmt::format("the handler failed; the event is tried again in {:.1f} s", seconds(wait));
}

std::string_view burial_message(Reason reason) {
  switch (reason) {
    case Reason::rejected:
      return "the handler refused the event: dead letter";
    case Reason::undecodable:
      return "the bytes are no event of their type: dead letter";
    case Reason::unhandled:
      return "no handler for the type: dead letter";
    case Reason::conflict:
      return "the event's id was seen with other data: dead letter";
    case Reason::crashed:
      return "the process died too often while it handled the event: dead letter";
    case Reason::too_large:
      return "the event is too large: dead letter";
    case Reason::no_id:
      return "the event has no id: dead letter";
    case Reason::timed_out:
      return "the handler was too slow too often: dead letter";
    default:
      return "the handler failed too often: dead letter";
  }
}

std::string_view skip_message(Reason reason) {
  switch (reason) {
    case Reason::unhandled:
      return "skipped: no handler for the type";
    case Reason::filtered:
      return "skipped: outside the subscription's pattern";
    case Reason::duplicate:
      return "skipped: handled before";
    default:
      return "skipped";
  }
}

// The fields of a line about a decision, with the text that they look into.
class Fields final {
 public:
  explicit Fields(const Decision& decision) {
    text("group", decision.group);
    text("subscription", decision.subscription);
    text("event_id", decision.event_id);
    text("event_type", decision.type);
    text("correlation_id", decision.correlation_id);
    if (decision.attempt > 0) all_.push_back({"attempt", decision.attempt});
    if (decision.crashes > 0) all_.push_back({"crashes", decision.crashes});
    if (decision.reason != Reason::none) text("reason", to_string(decision.reason));
    text("topic", decision.topic);
    position(decision.position);
    if (decision.due) {
      due_ = to_text(*decision.due);
      text("due", due_);
    }
    if (decision.took > Duration::zero()) all_.push_back({"seconds", seconds(decision.took)});
    if (decision.error != nullptr) {
      text("error_kind", to_string(decision.error->kind));
      text("error", decision.error->message);
    }
  }
  Fields(const Fields&) = delete;
  Fields& operator=(const Fields&) = delete;

  const std::vector<LogField>& all() const { return all_; }

 private:
  void text(std::string_view name, std::string_view value) {
    if (!value.empty()) all_.push_back({name, value});
  }
  void position(const transport::Position& position) {
    if (position.partition >= 0) all_.push_back({"partition", position.partition});
    if (position.offset >= 0) all_.push_back({"offset", position.offset});
  }

  std::string due_;
  std::vector<LogField> all_;
};

class SkipKinds final {
 public:
  Occurrence see(const Decision& decision) {
    if (decision.step != Step::skipped) return Occurrence::repeated;
    const std::size_t kind = std::hash<std::string>{}(fmt::format(
        "{}\n{}\n{}\n{}", decision.group, decision.subscription, decision.type, to_string(decision.reason)));
    const std::lock_guard lock{mutex_};
    if (seen_.size() >= kSkipKindsMax) return Occurrence::repeated;
    return seen_.insert(kind).second ? Occurrence::first : Occurrence::repeated;
  }

 private:
  std::mutex mutex_;
  std::unordered_set<std::size_t> seen_;  // hashes: a type is somebody else's text, and may be as large as its record
};

}  // namespace

LogLevel level_of(const Decision& decision, Occurrence occurrence) {
  switch (decision.step) {
    case Step::accepted:
    case Step::released:
    case Step::published:
    case Step::unpublished:  // its publisher has the error, and says more of it
      return LogLevel::debug;
    case Step::skipped:
      // A duplicate is what the inbox is for, a filtered event what the pattern is for.
      return occurrence == Occurrence::first && decision.reason == Reason::unhandled ? LogLevel::info : LogLevel::debug;
    case Step::relaxed_hold:
      return LogLevel::info;
    case Step::retrying:
    case Step::timed_out:
    case Step::marked:
    case Step::held_back:
    case Step::refused:
    case Step::conflicted:
      return LogLevel::warn;
    case Step::buried:
    case Step::unsettled:
      return LogLevel::error;
  }
  return LogLevel::warn;
}

std::string message_of(const Decision& decision) {
  switch (decision.step) {
    case Step::accepted:
      return "handled";
    case Step::retrying:
      return retry_message(decision);
    case Step::buried:
      return std::string{burial_message(decision.reason)};
    case Step::skipped:
      return std::string{skip_message(decision.reason)};
    case Step::released:
      return "given back unhandled";
    case Step::timed_out:
      return "the handler is past its timeout and still runs; its key waits";
    case Step::marked:
      return "the process died while it handled the event, or near it: it runs alone now";
    case Step::held_back:
      return "a partition waits: too many of its events wait behind retries";
    case Step::refused:
      return "the settlement was refused: the event is not ours any more, another instance handles it";
    case Step::unsettled:
      return "the transport refuses the settlement for good: the event stays unsettled, and is handled again after a "
             "restart";
    case Step::conflicted:
      return "the event's id was seen before with other data";
    case Step::relaxed_hold:
      return "the retry waits longer than this transport can hold its key: later events of the key may pass it";
    case Step::published:
      return "published";
    case Step::unpublished:
      return "the transport refused an event to publish";
  }
  return "decided";
}

Observer log_decisions(Log log) {
  auto kinds = std::make_shared<SkipKinds>();
  return [log = std::move(log), kinds](const Decision& decision) {
    if (!log.enabled(level_of(decision, Occurrence::first))) return;  // the common case, at no cost
    const LogLevel level = level_of(decision, kinds->see(decision));
    if (!log.enabled(level)) return;
    const Fields fields{decision};
    log.write(level, message_of(decision), fields.all());
  };
}

}  // namespace tidings::telemetry
