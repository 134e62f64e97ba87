// What a server says of what was published: confirmed, refused, returned.
#include <fmt/format.h>

#include <algorithm>

#include "transport/rabbitmq/amqp_refusal.hpp"
#include "transport/rabbitmq/link_producer.hpp"
#include "transport/rabbitmq/rabbitmq_limits.hpp"

namespace tidings::rabbitmq {

void LinkProducer::hear(Time deadline) {
  bool idle = false;
  {
    const std::lock_guard lock{mutex_};
    const bool may_send = !blocked_ && in_flight_ < kWindowMax;
    if (next_ != pending_.end() && may_send) deadline = executor_->now() + std::chrono::milliseconds{1};
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
        confirm(ack.delivery_tag, ack.multiple != 0, {});
        break;
      }
      case AMQP_BASIC_NACK_METHOD: {
        const auto& nack = *static_cast<const amqp_basic_nack_t*>(method.decoded);
        confirm(nack.delivery_tag, nack.multiple != 0,
                overloaded("RabbitMQ refused the message: a queue for it is full, or could not take it"));
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
        fmt::format("publish to '{}': no queue wants the event (routing key '{}', {}): a subscription to it makes one",
                    message.record.topic, returned_key_, returned_words_));
    return;
  }
}

// Under the lock.
bool LinkProducer::is_overtaken(const Pending& pending) const {
  const auto& record = pending.message.record;
  return record.key && std::ranges::any_of(pending_, [&](const Pending& other) {
           return other.tag != 0 && other.number > pending.number && other.message.record.topic == record.topic &&
                  other.message.record.key == record.key;
         });
}

void LinkProducer::confirm(std::uint64_t tag, bool and_all_before, const Result<void>& outcome) {
  const std::lock_guard lock{mutex_};
  for (Pending& pending : pending_) {
    if (pending.tag > tag || (pending.tag == 0 && !pending.answered)) break;
    if (pending.tag == 0 || (pending.tag != tag && !and_all_before)) continue;
    pending.tag = 0;
    --in_flight_;
    if (!unconfirmed_.empty() && pending.message.record.key) unconfirmed_.erase(*pending.message.record.key);
    if (pending.answered) continue;
    pending.answered = true;
    Result<void> result = outcome;
    if (result && pending.returned) result = *pending.returned;
    if (!result && is_overtaken(pending)) {
      result = Error{result.error().kind, result.error().message +
                                              "; later ones of its key were sent, and may be stored: `order=strict` in "
                                              "the URL sends none before it is confirmed"};
    }
    outcomes_.push_back({std::move(pending.message.answered), std::move(result)});
  }
}

}  // namespace tidings::rabbitmq
