// What a server says of what was published: confirmed, refused, returned.
#include <fmt/format.h>

#include "transport/rabbitmq/link/amqp_refusal.hpp"
#include "transport/rabbitmq/link/rabbitmq_limits.hpp"
#include "transport/rabbitmq/publish/link_producer.hpp"

namespace tidings::rabbitmq {

void LinkProducer::hear(Time deadline) {
  bool idle = false;
  {
    const std::lock_guard lock{mutex_};
    if (next_ != pending_.end() && may_send()) deadline = executor_->now() + std::chrono::milliseconds{1};
  }
  while (!idle && link_ != nullptr) {
    auto frame = link_->next(deadline, bell_.file());
    if (!frame) {
      const std::lock_guard lock{mutex_};
      trouble_ = frame.error().message;
      return;
    }
    idle = !*frame;
    if (!idle) take(**frame);
    deadline = executor_->now();
  }
}

void LinkProducer::take(const amqp_frame_t& frame) {
  if (frame.frame_type == AMQP_FRAME_METHOD) {
    const auto& method = frame.payload.method;
    switch (method.id) {
      case AMQP_BASIC_ACK_METHOD: {
        const auto& ack = *static_cast<const amqp_basic_ack_t*>(method.decoded);
        confirm(ack.delivery_tag, ack.multiple != 0, Verdict::taken);
        break;
      }
      case AMQP_BASIC_NACK_METHOD: {
        const auto& nack = *static_cast<const amqp_basic_nack_t*>(method.decoded);
        confirm(nack.delivery_tag, nack.multiple != 0, Verdict::refused);
        break;
      }
      case AMQP_BASIC_RETURN_METHOD:
        take_return(*static_cast<const amqp_basic_return_t*>(method.decoded));
        break;
      case AMQP_CONNECTION_BLOCKED_METHOD:
        blocked_ = true;
        break;
      case AMQP_CONNECTION_UNBLOCKED_METHOD:
        blocked_ = false;
        break;
      case AMQP_CHANNEL_CLOSE_METHOD:
      case AMQP_CONNECTION_CLOSE_METHOD: {
        const Error error = link_->closed(frame, "publish");
        const std::lock_guard lock{mutex_};
        trouble_ = error.message;
        if (error.kind == ErrorKind::invalid) refuse_all_to(exchange_in(error.message), error);
        link_->abandon();  // what it had is sent again
        break;
      }
      default:
        break;
    }
  } else if (frame.frame_type == AMQP_FRAME_HEADER && returned_) {
    take_returned_properties(*static_cast<const amqp_basic_properties_t*>(frame.payload.properties.decoded));
  }
  link_->release(frame.channel);
}

// Under the lock.
void LinkProducer::refuse_all_to(std::string_view exchange, const Error& error) {
  for (Pending& pending : pending_) {
    if (pending.tag != 0 && pending.message.exchange == exchange) refuse(pending, error);
  }
}

void LinkProducer::take_return(const amqp_basic_return_t& returned) {
  returned_ = returned;
  returned_exchange_ = view_of(returned.exchange);
  returned_key_ = view_of(returned.routing_key);
  returned_words_ = view_of(returned.reply_text);
}

// They come back in the order in which they were sent, each before it is confirmed.
void LinkProducer::take_returned_properties(const amqp_basic_properties_t& properties) {
  returned_.reset();
  const bool has_id = (properties._flags & AMQP_BASIC_MESSAGE_ID_FLAG) != 0;
  const std::string_view id = has_id ? view_of(properties.message_id) : std::string_view{};
  const std::lock_guard lock{mutex_};
  for (Pending& pending : pending_) {
    const Outgoing& message = pending.message;
    if (pending.tag == 0 || pending.returned || message.exchange != returned_exchange_ ||
        message.key != returned_key_ || message.record.id != id) {
      continue;
    }
    pending.returned = unavailable(
        fmt::format("publish to '{}': no queue wants the event (routing key '{}', {}): {}", message.record.topic,
                    returned_key_, returned_words_,
                    options_.declaring == Declaring::use
                        ? fmt::format("a subscription to it makes one; or where its type does not lead to the topic, "
                                      "`tidings topics create {} --type {}`",
                                      message.record.topic, message.record.type)
                        : "a subscription to it makes one"));
    return;
  }
}

void LinkProducer::confirm(std::uint64_t tag, bool and_all_before, Verdict verdict) {
  const std::lock_guard lock{mutex_};
  for (Pending& pending : pending_) {
    if (pending.tag > tag || (pending.tag == 0 && !pending.answered && !pending.refused)) break;
    if (pending.tag == 0 || (pending.tag != tag && !and_all_before)) continue;
    pending.tag = 0;
    --in_flight_;
    if (!unconfirmed_.empty() && pending.message.record.key) unconfirmed_.erase(*pending.message.record.key);
    if (verdict == Verdict::refused) {
      take_refusal(pending);
      continue;
    }
    if (renew_by_) report_overtaken(pending);
    has_dropped_ = has_dropped_ || pending.answered;
    if (pending.answered) continue;
    pending.answered = true;
    Result<void> result;
    if (pending.returned) result = *pending.returned;
    outcomes_.push_back({std::move(pending.message.answered), std::move(result)});
  }
}

// Under the lock. A queue is full, which it says at once where that may be; or its leader is gone, which a channel that
// had not sent to it yet never finds out: on another connection it is sent again, for a while.
void LinkProducer::take_refusal(Pending& pending) {
  if (pending.answered) return;
  if (pending.message.may_find_full) {
    return refuse(pending,
                  overloaded(fmt::format("RabbitMQ refused a command to '{}': its queue is full "
                                         "(`commands_max`), or could not take it; a later one of its key may have been "
                                         "taken: send it again if it may come behind that",
                                         pending.message.record.topic)));
  }
  const Time now = executor_->now();
  if (!pending.refused_since) pending.refused_since = now;
  if (now >= *pending.refused_since + kRefusedFor) {
    return refuse(pending, overloaded("RabbitMQ refused the message: a queue for it is full, or could not take it"));
  }
  pending.refused = true;
  if (!renew_by_) renew_by_ = now + kRenewWithin;
}

// Under the lock. Sent again, those of that key which were refused before would come behind it.
void LinkProducer::report_overtaken(const Pending& taken) {
  const transport::Record& record = taken.message.record;
  if (!record.key) return;
  for (Pending& pending : pending_) {
    if (&pending == &taken) return;
    const transport::Record& before = pending.message.record;
    if (!pending.refused || before.key != record.key || before.topic != record.topic) continue;
    refuse(pending, unavailable(fmt::format("publish to '{}': RabbitMQ refused the event, and took a later one of "
                                            "key '{}': publish it again if it may come behind that",
                                            record.topic, *record.key)));
    pending.refused = false;
  }
}

// Under the lock. What becomes of those that are on their way is not known any more: they may have been taken.
void LinkProducer::report_doubtful() {
  if (!renew_by_) return;
  for (const Pending& pending : pending_) {
    if (pending.tag != 0) report_overtaken(pending);
  }
}

void LinkProducer::renew() {
  {
    const std::lock_guard lock{mutex_};
    trouble_ = "RabbitMQ refused messages: a queue for them is full, or could not take them";
  }
  connect_not_before_ = executor_->now() + kRenewPause;
  link_->abandon();
  lose_link();
}

}  // namespace tidings::rabbitmq
