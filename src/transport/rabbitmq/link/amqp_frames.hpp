// Messages as the frames in which AMQP 0-9-1 sends them, one behind the other, for one write.
// https://www.rabbitmq.com/resources/specs/amqp0-9-1.pdf, 2.3.5 and 4.2.6
//
// Threads: values.
#pragma once

#include <amqp.h>
#include <amqp_framing.h>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace tidings::rabbitmq {

class AmqpFrames final {
 public:
  // Adds all frames of a message, or none. rabbitmq-c's status: what stands before the body must fit in a frame.
  int add(amqp_channel_t channel, amqp_basic_publish_t method, amqp_basic_properties_t properties,
          std::string_view body, std::size_t frame_max);
  std::string_view bytes() const { return {bytes_.data(), used_}; }
  void clear() { used_ = 0; }

 private:
  void put(std::uint64_t number, std::size_t bytes);
  void put(std::string_view bytes);
  std::size_t begin(int type, amqp_channel_t channel, std::size_t payload_max);
  void end(std::size_t begun);
  amqp_bytes_t rest(std::size_t begun, std::size_t payload_max);

  std::vector<char> bytes_;  // stays as long as it ever was
  std::size_t used_ = 0;
};

}  // namespace tidings::rabbitmq
