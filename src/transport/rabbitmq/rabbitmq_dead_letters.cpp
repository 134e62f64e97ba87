#include "transport/rabbitmq/rabbitmq_dead_letters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "transport/copy.hpp"
#include "transport/rabbitmq/amqp_names.hpp"
#include "transport/rabbitmq/queue_reader.hpp"
#include "transport/rabbitmq/send_now.hpp"
#include "transport/rabbitmq/trials.hpp"

namespace tidings::rabbitmq {

using transport::Copy;
using transport::DeadFilter;
using transport::DeadLetter;

namespace {

DeadLetter dead_letter_of(const KnownSubscription& subscription, const Message& message) {
  const Copy copy = message.copy().value_or(Copy{});
  return {.id = std::string{message.note(kDeadLetterId).value_or("")},
          .group = subscription.group,
          .subscription = subscription.name,
          .reason = copy.reason,
          .error = copy.attempts.last_error,
          .attempts = copy.attempts.failed,
          .crashes = copy.attempts.crashes,
          .replays = copy.replays,
          .first_failed = copy.attempts.first_failed,
          .buried = copy.buried.value_or(Time{}),
          .host = copy.host,
          .pid = copy.pid,
          .position = {},
          .record = to_record(message.record())};
}

bool matches(const DeadLetter& letter, const DeadFilter& filter) {
  const auto is = [](const std::string& wanted, const std::string& value) { return wanted.empty() || wanted == value; };
  return is(filter.group, letter.group) && is(filter.topic, letter.record.topic) &&
         is(filter.type, letter.record.type) && is(filter.reason, letter.reason) &&
         (!filter.since || letter.buried >= *filter.since);
}

bool is_missing(const Result<void>& read) {
  return !read && read.error().kind == ErrorKind::invalid;  // none of that subscription died yet
}

}  // namespace

std::string new_dead_letter_id(Executor& executor) {
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(executor.now().time_since_epoch());
  return fmt::format("{:016x}-{:08x}", micros.count(), executor.random() & 0xffff'ffffu);
}

Result<std::vector<DeadLetter>> RabbitmqDeadLetters::browse(const DeadFilter& filter, std::string_view after,
                                                            std::size_t limit) {
  const auto subscriptions = subscriptions_();
  if (!subscriptions) return subscriptions.error();
  Letters found;
  // Who died between the burial and the acknowledgement left it to be buried again: the first one is it.
  std::set<std::string> seen;
  for (const KnownSubscription& subscription : *subscriptions) {
    if (!filter.group.empty() && filter.group != subscription.group) continue;
    const auto read = broker_->ask([&](Link& link, Channel channel) {
      return read_queue(link, channel, broker_->executor(), dead_letters_of(subscription.queues.name),
                        [&](const Message& message) {
                          if (!seen.insert(subscription.queues.name + "/" + Trials::key_of(message)).second) {
                            return Then::keep;
                          }
                          DeadLetter letter = dead_letter_of(subscription, message);
                          if (letter.id > after && matches(letter, filter)) {
                            std::string id = letter.id;
                            found.insert_or_assign(std::move(id), std::move(letter));
                          }
                          if (found.size() > limit) found.erase(std::prev(found.end()));
                          return Then::keep;
                        });
    });
    if (!read && !is_missing(read)) return read.error();
  }
  std::vector<DeadLetter> letters;
  for (auto& [id, letter] : found) letters.push_back(std::move(letter));
  return letters;
}

Result<std::optional<DeadLetter>> RabbitmqDeadLetters::show(std::string_view id) {
  auto all = browse({}, "", SIZE_MAX);
  if (!all) return all.error();
  for (DeadLetter& letter : *all) {
    if (letter.id == id) return std::optional{std::move(letter)};
  }
  return std::optional<DeadLetter>{};
}

std::vector<Result<bool>> RabbitmqDeadLetters::replay(std::span<const std::string> ids) {
  return close(ids, Fate::replayed);
}
std::vector<Result<bool>> RabbitmqDeadLetters::discard(std::span<const std::string> ids) {
  return close(ids, Fate::discarded);
}

std::vector<Result<bool>> RabbitmqDeadLetters::close(std::span<const std::string> ids, Fate fate) {
  const auto subscriptions = subscriptions_();
  std::map<std::string, bool> wanted;  // whether it was found, and closed
  for (const std::string& id : ids) wanted.emplace(id, false);
  Result<void> done = subscriptions ? Result<void>{} : subscriptions.error();
  for (std::size_t i = 0; done && i < subscriptions->size(); ++i) done = close_in((*subscriptions)[i], wanted, fate);
  std::vector<Result<bool>> answers;
  for (const std::string& id : ids) {
    if (!wanted.at(id) && !done) {
      answers.emplace_back(done.error());
    } else {
      answers.emplace_back(std::exchange(wanted.at(id), false));
    }
  }
  return answers;
}

// What becomes of them is confirmed before they are removed: who dies meanwhile leaves them in both places.
Result<void> RabbitmqDeadLetters::close_in(const KnownSubscription& subscription, std::map<std::string, bool>& wanted,
                                           Fate fate) {
  const std::string queue = dead_letters_of(subscription.queues.name);
  std::set<std::string> closed;  // those that were buried twice go with the first
  const auto done = broker_->ask([&](Link& link, Channel channel) {
    return read_queue(link, channel, broker_->executor(), queue, [&](const Message& message) {
      const std::string key = Trials::key_of(message);
      if (closed.contains(key)) return Then::remove;
      const std::string id{message.note(kDeadLetterId).value_or("")};
      const auto found = wanted.find(id);
      if (found == wanted.end()) return Then::keep;
      if (found->second) return Then::remove;  // before the connection was lost
      const auto sent = send_now(*producer_, broker_->executor(), fate_of(subscription, message, fate));
      if (!sent) return Then::keep;
      found->second = true;
      closed.insert(key);
      return Then::remove;
    });
  });
  return is_missing(done) ? Result<void>{} : done;
}

Outgoing RabbitmqDeadLetters::fate_of(const KnownSubscription& subscription, const Message& message, Fate fate) const {
  Copy copy = message.copy().value_or(Copy{});
  copy.topic.clear();
  if (fate == Fate::discarded) {
    return {.exchange = "",
            .key = discarded_of(subscription.queues.name),
            .record = to_record(message.record()),
            .notes = transport::copy_headers(copy)};
  }
  Copy again{.group = copy.group, .subscription = copy.subscription, .replays = copy.replays + 1};
  return {.exchange = subscription.queues.exchange(),
          .key = subscription.queues.name,
          .record = to_record(message.record()),
          .notes = transport::copy_headers(again)};
}

}  // namespace tidings::rabbitmq
