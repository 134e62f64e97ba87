// Reads a RabbitMQ stream from an offset on, as it grows.
//
// Owns:    a connection.
// Threads: one at a time.
// Blocks:  open(), until the server answers or kRequestWithin; next() until its deadline.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "transport/rabbitmq/format/message.hpp"
#include "transport/rabbitmq/link/link_ending.hpp"
#include "transport/rabbitmq/topology/broker.hpp"

namespace tidings::rabbitmq {

struct StreamSpec {
  std::string name;
  std::int64_t bytes_max = 0;  // whole segments go from its front beyond that; 0: no bound
  std::int64_t segment_bytes_max = 0;
  Duration kept{};  // likewise, when all of it is older; zero: no bound
};

Result<void> declare_stream(Link& link, Channel channel, const StreamSpec& stream);

class StreamReader final {
 public:
  // `ending`: of the thread that reads, outlives it; null: nobody ends it.
  StreamReader(std::shared_ptr<Broker> broker, StreamSpec stream, LinkEnding* ending = nullptr)
      : broker_{std::move(broker)}, stream_{std::move(stream)}, ending_{ending} {}
  ~StreamReader() { close(); }
  StreamReader(const StreamReader&) = delete;
  StreamReader& operator=(const StreamReader&) = delete;

  bool is_open() const { return link_ != nullptr; }
  // Makes the stream where it is missing. `from`: an offset, or where that is gone, the first that is there. None:
  // likewise. conflict: it is there, and is something else.
  Result<void> open(std::optional<std::uint64_t> from);
  void close();

  // None: nothing came. Wakes up by `bell`, too. unavailable: it is closed, and may be opened again.
  Result<std::unique_ptr<const Message>> next(Time deadline, int bell);

 private:
  Result<void> declare();
  Result<void> consume(std::optional<std::uint64_t> from);
  Result<void> take(const amqp_frame_t& frame);
  Result<void> acknowledge();
  bool is_complete() const { return is_headed_ && partial_->is_complete(); }

  const std::shared_ptr<Broker> broker_;
  const StreamSpec stream_;
  LinkEnding* const ending_;
  std::unique_ptr<Link> link_;
  std::unique_ptr<Message> partial_;
  bool is_headed_ = false;  // the partial one's properties have come
  std::uint64_t last_tag_ = 0;
  std::uint64_t acknowledged_ = 0;
};

}  // namespace tidings::rabbitmq
