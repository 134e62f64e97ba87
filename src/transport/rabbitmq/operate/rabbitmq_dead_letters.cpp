#include "transport/rabbitmq/operate/rabbitmq_dead_letters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "transport/driver/copy.hpp"
#include "transport/rabbitmq/catalog/foreign_letters.hpp"
#include "transport/rabbitmq/consume/trials.hpp"
#include "transport/rabbitmq/format/amqp_dead_letter_id.hpp"
#include "transport/rabbitmq/format/amqp_names.hpp"
#include "transport/rabbitmq/format/event_topics.hpp"
#include "transport/rabbitmq/operate/queue_reader.hpp"
#include "transport/rabbitmq/publish/send_now.hpp"

namespace tidings::rabbitmq {

using transport::Copy;
using transport::DeadFilter;
using transport::DeadLetter;

namespace {

std::string id_of(const KnownSubscription& subscription, const Message& message) {
  if (subscription.is_foreign()) return foreign_letter_id(message);
  return std::string{message.note(kDeadLetterId).value_or("")};
}

// Who died between the burial and the acknowledgement left it to be buried again: both have this.
std::string same_of(const KnownSubscription& subscription, const Message& message) {
  return subscription.is_foreign() ? foreign_letter_id(message) : Trials::key_of(message);
}

DeadLetter dead_letter_of(const KnownSubscription& subscription, const Message& message) {
  if (subscription.is_foreign()) return foreign_letter(message);
  const Copy copy = message.copy().value_or(Copy{});
  return {.id = id_of(subscription, message),
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

constexpr Channel kLookChannel = 3;  // that of the request has a queue open

// invalid: the queue to which a foreign dead letter would go back is gone.
Result<void> check_there(Link& link, const std::string& queue, const Message& letter) {
  if (auto opened = link.open_channel(kLookChannel); !opened) return opened;
  const auto there = link.look_at_queue(kLookChannel, queue);
  link.close_channel(kLookChannel);
  if (there) return {};
  if (there.error().kind != ErrorKind::invalid) return there.error();
  return invalid(fmt::format(
      "queue '{}', which gave dead letter {} up, is not there any more: make it again, or discard the letter", queue,
      foreign_letter_id(letter)));
}

}  // namespace

Result<std::vector<DeadLetter>> RabbitmqDeadLetters::browse(const DeadFilter& filter, std::string_view after,
                                                            std::size_t limit) {
  const auto subscriptions = this->subscriptions();
  if (!subscriptions) return subscriptions.error();
  Letters found;
  EventTopics topics{broker_->shared_executor(), control_};
  std::set<std::string> seen;  // of several that are the same the first one is it
  for (const KnownSubscription& subscription : *subscriptions) {
    if (!filter.group.empty() && filter.group != subscription.group && !subscription.is_foreign()) continue;
    const auto read = broker_->ask([&](Link& link, Channel channel) {
      return read_queue(
          link, channel, broker_->executor(), dead_letters_of(subscription.queues.now.base),
          [&](const Message& message) {
            if (!seen.insert(subscription.queues.now.base + "/" + same_of(subscription, message)).second) {
              return Then::keep;
            }
            DeadLetter letter = dead_letter_of(subscription, message);
            if (letter.record.topic.empty() && message.death()) {
              letter.record.topic = topics.of(message.death()->routing_key, "");
            }
            if (letter.id > after && matches(letter, filter)) {
              std::string id = letter.id;
              found.insert_or_assign(std::move(id), std::move(letter));
            }
            if (found.size() > limit) found.erase(std::prev(found.end()));
            return Then::keep;
          });
    });
    if (!read) return read.error();
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

Result<std::vector<KnownSubscription>> RabbitmqDeadLetters::subscriptions() const {
  auto all = subscriptions_();
  if (all) all->push_back({.group = "", .name = "", .queues = {.now = foreign_letters(broker_->names())}});
  return all;
}

std::vector<Result<bool>> RabbitmqDeadLetters::close(std::span<const std::string> ids, Fate fate) {
  const auto subscriptions = this->subscriptions();
  AllWanted wanted;
  for (const std::string& id : ids) wanted.emplace(id, Wanted{});
  Result<void> done = subscriptions ? Result<void>{} : subscriptions.error();
  for (std::size_t i = 0; done && i < subscriptions->size(); ++i) done = close_in((*subscriptions)[i], wanted, fate);
  std::vector<Result<bool>> answers;
  for (const std::string& id : ids) {
    Wanted& one = wanted.at(id);
    if (!one.closed && (one.refused || !done)) {
      answers.emplace_back(one.refused ? *one.refused : done.error());
    } else {
      answers.emplace_back(std::exchange(one.closed, false));
    }
  }
  return answers;
}

Result<void> RabbitmqDeadLetters::close_in(const KnownSubscription& subscription, AllWanted& wanted, Fate fate) {
  const std::string queue = dead_letters_of(subscription.queues.now.base);
  std::set<std::string> closed;  // those that were buried twice go with the first
  const auto done = broker_->ask([&](Link& link, Channel channel) {
    return read_queue(link, channel, broker_->executor(), queue, [&](const Message& message) {
      const std::string same = same_of(subscription, message);
      if (closed.contains(same)) return Then::remove;
      const auto found = wanted.find(id_of(subscription, message));
      if (found == wanted.end()) return Then::keep;
      if (found->second.closed) return Then::remove;  // before the connection was lost
      if (const auto sent = close_one(link, subscription, message, fate); !sent) {
        found->second.refused = sent.error();
        return Then::keep;
      }
      found->second.closed = true;
      closed.insert(same);
      return Then::remove;
    });
  });
  return done;
}

// What becomes of it is confirmed before it is removed: who dies meanwhile leaves it in both places.
Result<void> RabbitmqDeadLetters::close_one(Link& link, const KnownSubscription& subscription, const Message& message,
                                            Fate fate) {
  auto copy = fate_of(subscription, message, fate);
  if (!copy) return copy.error();
  if (subscription.is_foreign() && fate == Fate::replayed) {
    if (auto there = check_there(link, copy->key, message); !there) return there;
  }
  return send_now(*producer_, broker_->executor(), *std::move(copy));
}

Result<Outgoing> RabbitmqDeadLetters::fate_of(const KnownSubscription& subscription, const Message& message,
                                              Fate fate) const {
  Copy copy = message.copy().value_or(Copy{});
  copy.topic.clear();
  if (fate == Fate::discarded) {
    return Outgoing{.exchange = "",
                    .key = discarded_of(subscription.queues.now.base),
                    .record = to_record(message.record()),
                    .notes = message.copy() ? transport::copy_headers(copy) : Notes{}};
  }
  if (subscription.is_foreign()) return foreign_replay(message);
  Copy again{.group = copy.group, .subscription = copy.subscription, .replays = copy.replays + 1};
  const SubscriptionQueues& to = subscription.queues.incoming();
  return Outgoing{.exchange = to.exchange(),
                  .key = to.name,
                  .record = to_record(message.record()),
                  .notes = transport::copy_headers(again)};
}

}  // namespace tidings::rabbitmq
