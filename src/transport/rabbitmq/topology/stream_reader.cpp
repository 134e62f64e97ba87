#include "transport/rabbitmq/topology/stream_reader.hpp"

#include <fmt/format.h>

#include "transport/rabbitmq/link/rabbitmq_limits.hpp"

namespace tidings::rabbitmq {

namespace {

constexpr Channel kChannel = 1;

}  // namespace

Result<void> declare_stream(Link& link, Channel channel, const StreamSpec& stream) {
  QueueSpec queue{
      .name = stream.name,
      .arguments = {{"x-queue-type", "stream"}, {"x-stream-max-segment-size-bytes", stream.segment_bytes_max}}};
  if (stream.bytes_max > 0) queue.arguments.push_back({"x-max-length-bytes", stream.bytes_max});
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(stream.kept).count();
  if (minutes > 0) queue.arguments.push_back({"x-max-age", std::to_string(minutes) + "m"});
  auto declared = link.declare(channel, queue);
  return declared ? Result<void>{} : declared.error();
}

Result<void> StreamReader::open(std::optional<std::uint64_t> from) {
  close();
  Executor& executor = broker_->executor();
  const Time deadline = executor.now() + kConnectWithin;
  while (true) {
    auto opened = Link::open(broker_->options(), "control", executor, deadline);
    if (!opened) return opened.error();
    link_ = *std::move(opened);
    if (ending_ != nullptr) ending_->holds(link_.get());
    last_tag_ = acknowledged_ = 0;
    auto declared = declare();
    if (!declared) close();
    if (!declared) return declared;
    auto consumed = consume(from);
    if (consumed) return consumed;
    close();
    if (consumed.error().kind != ErrorKind::conflict) return consumed;
    // This server has no part of it: it is being made there, or another server has to be asked.
    if (executor.now() >= deadline) return unavailable(consumed.error().message);
    executor.sleep_until(executor.now() + kReopenPause);
  }
}

Result<void> StreamReader::declare() {
  if (auto done = link_->open_channel(kChannel); !done) return done;
  return declare_stream(*link_, kChannel, stream_);
}

Result<void> StreamReader::consume(std::optional<std::uint64_t> from) {
  Argument offset{.name = "x-stream-offset", .value = std::string{"first"}};
  if (from) offset.value = static_cast<std::int64_t>(*from);
  return link_->consume(kChannel, stream_.name, {.tag = "control", .prefetch = kStreamPrefetch, .arguments = {offset}});
}

void StreamReader::close() {
  partial_.reset();
  is_headed_ = false;
  if (ending_ != nullptr) ending_->holds(nullptr);
  link_.reset();
}

Result<std::unique_ptr<const Message>> StreamReader::next(Time deadline, int bell) {
  while (true) {
    auto frame = link_->next(deadline, bell);
    Result<void> done = frame ? Result<void>{} : frame.error();
    if (done && *frame) {
      done = take(**frame);
      link_->release((*frame)->channel);
    } else if (done) {
      // It is at the end: what is not acknowledged would be missing from what may come.
      done = acknowledge();
    }
    if (!done) {
      close();
      return done.error();
    }
    if (!*frame) return std::unique_ptr<const Message>{};
    if (!is_complete()) continue;
    partial_->finish();
    is_headed_ = false;
    return std::unique_ptr<const Message>{std::move(partial_)};
  }
}

Result<void> StreamReader::take(const amqp_frame_t& frame) {
  if (frame.frame_type == AMQP_FRAME_HEADER && partial_) {
    const auto& properties = frame.payload.properties;
    partial_->set_properties(*static_cast<const amqp_basic_properties_t*>(properties.decoded), properties.body_size);
    is_headed_ = true;
  } else if (frame.frame_type == AMQP_FRAME_BODY && partial_) {
    partial_->append(view_of(frame.payload.body_fragment));
  }
  if (frame.frame_type != AMQP_FRAME_METHOD) return {};
  switch (frame.payload.method.id) {
    case AMQP_BASIC_DELIVER_METHOD: {
      const auto& deliver = *static_cast<const amqp_basic_deliver_t*>(frame.payload.method.decoded);
      last_tag_ = deliver.delivery_tag;
      partial_ = std::make_unique<Message>(deliver, stream_.name);
      return last_tag_ - acknowledged_ > kStreamPrefetch / 4 ? acknowledge() : Result<void>{};
    }
    case AMQP_BASIC_CANCEL_METHOD:
      return unavailable(
          fmt::format("RabbitMQ ended the reading of stream '{}': it was deleted, or its leader is "
                      "another one now",
                      stream_.name));
    case AMQP_CHANNEL_CLOSE_METHOD:
    case AMQP_CONNECTION_CLOSE_METHOD:
      return link_->closed(frame, fmt::format("read stream '{}'", stream_.name));
    default:
      return {};
  }
}

// It takes nothing from a stream: the server sends no more than the prefetch without it.
Result<void> StreamReader::acknowledge() {
  if (acknowledged_ == last_tag_) return {};
  acknowledged_ = last_tag_;
  return link_->ack(kChannel, last_tag_, true);
}

}  // namespace tidings::rabbitmq
