#include "transport/rabbitmq/topology/stream_end.hpp"

#include <algorithm>

#include "transport/rabbitmq/format/message.hpp"
#include "transport/rabbitmq/link/rabbitmq_limits.hpp"

namespace tidings::rabbitmq {

namespace {

constexpr Channel kChannel = 1;
constexpr std::uint16_t kChunkMax = 65'535;                       // messages of a chunk: the last one comes whole
constexpr Duration kEmptyAfter = std::chrono::milliseconds{100};  // where the count says so, too

// Takes what is there; the highest offset that it saw.
Result<void> drain(Link& link, Time deadline, std::optional<std::uint64_t>& last) {
  std::unique_ptr<Message> message;
  while (true) {
    auto next = link.next(deadline);
    if (!next) return next.error();
    if (!*next) return {};
    const amqp_frame_t& frame = **next;
    if (frame.frame_type == AMQP_FRAME_METHOD) {
      const auto& method = frame.payload.method;
      if (method.id == AMQP_CHANNEL_CLOSE_METHOD || method.id == AMQP_CONNECTION_CLOSE_METHOD) {
        return link.closed(frame, "look where a stream ends");
      }
      if (method.id == AMQP_BASIC_DELIVER_METHOD) {
        message = std::make_unique<Message>(*static_cast<const amqp_basic_deliver_t*>(method.decoded), "");
      }
    } else if (frame.frame_type == AMQP_FRAME_HEADER && message != nullptr) {
      message->set_properties(*static_cast<const amqp_basic_properties_t*>(frame.payload.properties.decoded), 0);
      if (message->stream_offset() >= 0) {
        last = std::max(last.value_or(0), static_cast<std::uint64_t>(message->stream_offset()));
        deadline = Time{};  // and what came with it
      }
    }
    link.release(frame.channel);
  }
}

// The server sends the last chunk at once, and then answers what is asked behind it. conflict: it has no part of the
// stream.
Result<std::optional<std::uint64_t>> ask_a_server(Broker& broker, const std::string& stream, Time deadline) {
  Executor& executor = broker.executor();
  auto link = Link::open(broker.options(), "end of " + stream, executor, deadline);
  if (!link) return link.error();
  (*link)->answer_within(deadline - executor.now());
  if (auto opened = (*link)->open_channel(kChannel); !opened) return opened.error();
  const auto counts = (*link)->look_at_queue(kChannel, stream);
  if (!counts) return counts.error();
  if (auto begun = (*link)->consume(kChannel, stream,
                                    {.prefetch = kChunkMax, .arguments = {{"x-stream-offset", std::string{"last"}}}});
      !begun)
    return begun.error();
  if (auto answered = (*link)->bound(kChannel, kChunkMax); !answered) return answered.error();
  std::optional<std::uint64_t> last;
  const Time until = counts->ready == 0 ? executor.now() + kEmptyAfter : deadline;
  if (auto drained = drain(**link, until, last); !drained) return drained.error();
  if (auto answered = (*link)->bound(kChannel, kChunkMax); !answered) return answered.error();
  if (auto drained = drain(**link, Time{}, last); !drained) return drained.error();
  return last;
}

}  // namespace

// One that was started just now has no part of it yet; another one has.
Result<std::optional<std::uint64_t>> last_of_stream(Broker& broker, const std::string& stream, Time deadline) {
  Executor& executor = broker.executor();
  while (true) {
    auto last = ask_a_server(broker, stream, deadline);
    if (last || last.error().kind != ErrorKind::conflict || executor.now() >= deadline) return last;
    executor.sleep_until(executor.now() + kReopenPause);
  }
}

Result<StreamFacts> facts_of_stream(const std::shared_ptr<Broker>& broker, const StreamSpec& stream) {
  const auto last = last_of_stream(*broker, stream.name, broker->executor().now() + kRequestWithin);
  if (!last) return last.error();
  if (!*last) return StreamFacts{};
  StreamReader reader{broker, stream};
  if (auto opened = reader.open({}); !opened) return opened.error();
  const auto first = reader.next(broker->executor().now() + kRequestWithin, -1);
  if (!first) return first.error();
  if (*first == nullptr) return StreamFacts{};
  const std::uint64_t records = **last - static_cast<std::uint64_t>((*first)->stream_offset()) + 1;
  return StreamFacts{.records = records, .bytes = records * (*first)->bytes(), .oldest = (*first)->record().time};
}

}  // namespace tidings::rabbitmq
