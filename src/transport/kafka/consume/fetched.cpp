#include "transport/kafka/consume/fetched.hpp"

#include "transport/kafka/format/wire.hpp"

namespace tidings::kafka {

Fetched::Fetched(std::shared_ptr<rd_kafka_t> client, std::vector<MessageHandle> messages, std::string topic, Kind kind)
    : client_{std::move(client)}, messages_{std::move(messages)}, topic_{std::move(topic)} {
  std::size_t headers = 0;
  for (const auto& message : messages_) headers += header_count(*message);
  headers_.reserve(headers);
  records_.reserve(messages_.size());
  for (const auto& message : messages_) {
    FetchedRecord& fetched = records_.emplace_back();
    fetched.offset = message->offset;
    fetched.record = read_record(*message, topic_, headers_);
    fetched.stored = fetched.record.time;
    if (kind == Kind::copies) {
      fetched.copy = std::make_unique<Copy>();
      take_copy(fetched.record, *fetched.copy);
      fetched.record.topic = fetched.copy->topic;
    }
    fetched.bytes = transport::size_of(fetched.record);
  }
}

}  // namespace tidings::kafka
