#include "transport/rabbitmq/link/amqp_frames.hpp"

#include <algorithm>
#include <cstring>

namespace tidings::rabbitmq {

namespace {

constexpr std::size_t kBefore = 7, kBehind = 1;  // a frame's payload

}  // namespace

int AmqpFrames::add(amqp_channel_t channel, amqp_basic_publish_t method, amqp_basic_properties_t properties,
                    std::string_view body, std::size_t frame_max) {
  const std::size_t start = used_, payload_max = frame_max - kBefore - kBehind;
  std::size_t begun = begin(AMQP_FRAME_METHOD, channel, payload_max);
  put(AMQP_BASIC_PUBLISH_METHOD, 4);
  int encoded = amqp_encode_method(AMQP_BASIC_PUBLISH_METHOD, &method, rest(begun, payload_max));
  if (encoded >= 0) {
    used_ += static_cast<std::size_t>(encoded);
    end(begun);
    begun = begin(AMQP_FRAME_HEADER, channel, payload_max);
    put(AMQP_BASIC_CLASS, 2);
    put(0, 2);
    put(body.size(), 8);
    encoded = amqp_encode_properties(AMQP_BASIC_CLASS, &properties, rest(begun, payload_max));
  }
  if (encoded < 0) {
    used_ = start;
    return encoded;
  }
  used_ += static_cast<std::size_t>(encoded);
  end(begun);
  for (; !body.empty(); body.remove_prefix(std::min(body.size(), payload_max))) {
    begun = begin(AMQP_FRAME_BODY, channel, payload_max);
    put(body.substr(0, payload_max));
    end(begun);
  }
  return AMQP_STATUS_OK;
}

// Where it begins; its length is put there when it ends.
std::size_t AmqpFrames::begin(int type, amqp_channel_t channel, std::size_t payload_max) {
  const std::size_t begun = used_;
  if (bytes_.size() < used_ + kBefore + payload_max + kBehind)
    bytes_.resize(2 * used_ + kBefore + payload_max + kBehind);
  put(static_cast<std::uint64_t>(type), 1);
  put(channel, 2);
  used_ += 4;
  return begun;
}

void AmqpFrames::end(std::size_t begun) {
  const std::size_t end = used_;
  used_ = begun + 3;
  put(end - begun - kBefore, 4);
  used_ = end;
  put(AMQP_FRAME_END, 1);
}

amqp_bytes_t AmqpFrames::rest(std::size_t begun, std::size_t payload_max) {
  return {.len = begun + kBefore + payload_max - used_, .bytes = bytes_.data() + used_};
}

// In network order.
void AmqpFrames::put(std::uint64_t number, std::size_t bytes) {
  for (std::size_t i = bytes; i > 0; --i) bytes_[used_++] = static_cast<char>(number >> 8 * (i - 1));
}

void AmqpFrames::put(std::string_view bytes) {
  std::memcpy(bytes_.data() + used_, bytes.data(), bytes.size());
  used_ += bytes.size();
}

}  // namespace tidings::rabbitmq
