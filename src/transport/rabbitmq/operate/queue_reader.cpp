#include "transport/rabbitmq/operate/queue_reader.hpp"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <vector>

#include "transport/rabbitmq/link/rabbitmq_limits.hpp"

namespace tidings::rabbitmq {

namespace {

constexpr Duration kLookAgain = std::chrono::milliseconds{2};

// The next message; none: it did not come in time.
Result<std::unique_ptr<Message>> next_message(Link& link, Channel channel, Time deadline) {
  std::unique_ptr<Message> message;
  while (true) {
    auto next = link.next(deadline);
    if (!next) return next.error();
    if (!*next) return std::unique_ptr<Message>{};
    const amqp_frame_t& frame = **next;
    if (frame.channel != channel && frame.channel != 0) {  // of an earlier look
      link.release(frame.channel);
      continue;
    }
    if (frame.frame_type == AMQP_FRAME_METHOD) {
      if (frame.payload.method.id == AMQP_CHANNEL_CLOSE_METHOD ||
          frame.payload.method.id == AMQP_CONNECTION_CLOSE_METHOD)
        return link.closed(frame, "look at a queue");
      if (frame.payload.method.id == AMQP_BASIC_DELIVER_METHOD) {
        message =
            std::make_unique<Message>(*static_cast<const amqp_basic_deliver_t*>(frame.payload.method.decoded), "");
      }
    } else if (message != nullptr && frame.frame_type == AMQP_FRAME_HEADER) {
      const auto& properties = *static_cast<const amqp_basic_properties_t*>(frame.payload.properties.decoded);
      message->set_properties(properties, frame.payload.properties.body_size);
    } else if (message != nullptr && frame.frame_type == AMQP_FRAME_BODY) {
      message->append(view_of(frame.payload.body_fragment));
    }
    const bool has_properties = frame.frame_type != AMQP_FRAME_METHOD;
    link.release(channel);
    if (message == nullptr || !has_properties || !message->is_complete()) continue;
    message->finish();
    return message;
  }
}

// A channel that closes gives back what it has, each to its place, but later: who looks next is to find it.
Result<void> give_back(Link& link, Channel channel, Executor& executor, const std::string& queue, std::size_t count) {
  link.close_channel(channel);
  if (auto opened = link.open_channel(channel); !opened) return opened;
  const Time until = executor.now() + kReadWithin;
  while (count > 0 && executor.now() < until) {
    const auto counts = link.look_at_queue(channel, queue);
    if (!counts) return counts.error();
    if (counts->ready >= count) break;
    executor.sleep_until(executor.now() + kLookAgain);
  }
  return {};
}

}  // namespace

Result<void> read_queue(Link& link, Channel channel, Executor& executor, const std::string& queue,
                        const std::function<Then(const Message&)>& visit) {
  const auto counts = link.look_at_queue(channel, queue);
  if (!counts && counts.error().kind == ErrorKind::invalid) return {};  // there is none
  if (!counts) return counts.error();
  if (counts->ready == 0) return {};
  if (auto begun = link.consume(channel, queue, {}); !begun) return begun;
  std::vector<std::uint64_t> removed;
  std::size_t visited = 0;
  for (; visited < counts->ready; ++visited) {
    auto message = next_message(link, channel, executor.now() + kReadWithin);
    if (!message) return message.error();
    if (*message == nullptr) {
      if (visited > 0) break;  // somebody took the others meanwhile
      return unavailable(fmt::format("somebody else looks at queue '{}' now: try again", queue));
    }
    const Then then = visit(**message);
    if (then == Then::remove) removed.push_back((*message)->tag());
    if (then == Then::stop) {
      ++visited;
      break;
    }
  }
  for (const std::uint64_t tag : removed) {
    if (auto acked = link.ack(channel, tag, false); !acked) return acked;
  }
  return give_back(link, channel, executor, queue, visited - removed.size());
}

Result<std::optional<Time>> first_in_queue(Link& link, Channel channel, Executor& executor, const std::string& queue,
                                           std::uint16_t prefetch) {
  const auto counts = link.look_at_queue(channel, queue);
  if (!counts && counts.error().kind == ErrorKind::invalid) return std::optional<Time>{};  // there is none
  if (!counts) return counts.error();
  if (counts->ready == 0) return std::optional<Time>{};
  if (auto begun = link.consume(channel, queue, {.prefetch = prefetch}); !begun) return begun.error();
  const auto message = next_message(link, channel, executor.now() + kPeekWithin);
  if (!message) return message.error();
  if (*message == nullptr) return std::optional<Time>{};
  const std::optional<Time> time = (*message)->record().time;
  if (auto given = give_back(link, channel, executor, queue, counts->ready); !given) return given.error();
  return time;
}

}  // namespace tidings::rabbitmq
