#include "transport/rabbitmq/catalog/foreign_letters.hpp"

#include <fmt/format.h>

#include "tidings/digest.hpp"

namespace tidings::rabbitmq {

namespace {

constexpr const char* kAnyKey = "#";
constexpr std::size_t kIdDigits = 8;

std::string why(const Death& death) {
  if (death.reason == "rejected") return fmt::format("a consumer of queue '{}' rejected it", death.queue);
  if (death.reason == "expired") return fmt::format("its time in queue '{}' was over", death.queue);
  if (death.reason == "maxlen") return fmt::format("queue '{}' was full", death.queue);
  if (death.reason == "delivery_limit") return fmt::format("queue '{}' had delivered it too often", death.queue);
  return fmt::format("queue '{}' gave it up", death.queue);
}

}  // namespace

// Of one kind, whatever the URL of a service says of its own queues: all share them.
SubscriptionQueues foreign_letters(const Names& names) {
  return queues_of(names.foreign_letters(), 1, QueueKind::quorum);
}

Result<void> declare_foreign_letters(Link& link, Channel channel, const Names& names) {
  if (auto done = link.declare(channel, ExchangeSpec{.name = names.foreign_exchange()}); !done) return done;
  const SubscriptionQueues queues = foreign_letters(names);
  if (auto done = declare_dead_letters(link, channel, queues); !done) return done;
  return link.bind_queue(channel,
                         {.from = names.foreign_exchange(), .to = dead_letters_of(queues.base), .key = kAnyKey});
}

std::string foreign_letter_id(const Message& message) {
  const transport::RecordView& record = message.record();
  const Death death = message.death().value_or(Death{});
  const auto micros =
      std::chrono::duration_cast<std::chrono::microseconds>(death.at.value_or(Time{}).time_since_epoch());
  const std::string all = fmt::format("{}\n{}\n{}\n{}", death.queue, record.id, record.broker_fields,
                                      record.body.value_or(std::string_view{}));
  return fmt::format("{:016x}-{}", micros.count(), to_hex(sha256(all)).substr(0, kIdDigits));
}

transport::DeadLetter foreign_letter(const Message& message) {
  const Death death = message.death().value_or(Death{});
  return {.id = foreign_letter_id(message),
          .group = std::string{kForeignGroup} + (death.queue.empty() ? "unknown" : death.queue),
          .subscription = death.queue,
          .reason = death.reason.empty() ? "unknown" : death.reason,
          .error = death.queue.empty() ? "it says no queue that gave it up" : why(death),
          .attempts = static_cast<int>(death.count),
          .buried = death.at.value_or(Time{}),
          .host = {},
          .position = {},
          .record = to_record(message.record())};
}

// As it came there, but for `x-death`.
Result<Outgoing> foreign_replay(const Message& message) {
  if (!message.death()) {
    return invalid(
        fmt::format("dead letter {} says no queue that gave it up (`x-death`), so it cannot be replayed: publish its "
                    "event anew (`tidings publish`), and discard it",
                    foreign_letter_id(message)));
  }
  return Outgoing{.exchange = "", .key = message.death()->queue, .record = to_record(message.record())};
}

}  // namespace tidings::rabbitmq
