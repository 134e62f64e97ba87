// Until the real one is there: no buffer limits, no recovery.
#include "transport/kafka/producer.hpp"

#include <atomic>

#include "transport/kafka/wire.hpp"
namespace tidings::kafka {
namespace {
class P final : public Producer {
 public:
  explicit P(std::shared_ptr<Cluster> c) : c_{std::move(c)} {}
  Result<void> start() {
    auto h = c_->client(RD_KAFKA_PRODUCER,
                        {{"acks", "all"},
                         {"enable.idempotence", "true"},
                         {"partitioner", "murmur2_random"},
                         {"linger.ms", "5"},
                         {"message.max.bytes", "4000000"}},
                        [](rd_kafka_conf_t* conf) {
                          rd_kafka_conf_set_dr_msg_cb(conf, [](rd_kafka_t*, const rd_kafka_message_t* m, void*) {
                            std::unique_ptr<std::function<void(Result<void>)>> f{
                                static_cast<std::function<void(Result<void>)>*>(m->_private)};
                            if (f && *f) (*f)(m->err ? Result<void>{to_error(m->err, "publish")} : Result<void>{});
                          });
                        });
    if (!h) return h.error();
    h_ = *std::move(h);
    t_ = c_->executor().spawn("kafka-poll", [this] {
      while (!stop_) rd_kafka_poll(h_.get(), 20);
    });
    return {};
  }
  ~P() override {
    (void)flush(c_->executor().now() + std::chrono::seconds{5});
    stop_ = true;
    t_.reset();
  }
  void send(std::vector<Message> ms) override {
    for (auto& m : ms) {
      auto headers = headers_of(m.record, m.copy ? &*m.copy : nullptr);
      auto* f = new std::function<void(Result<void>)>(m.answered);
      auto code = rd_kafka_producev(
          h_.get(), RD_KAFKA_V_TOPIC(m.topic.c_str()),
          RD_KAFKA_V_PARTITION(m.partition.value_or(RD_KAFKA_PARTITION_UA)),
          RD_KAFKA_V_KEY((m.record.key ? m.record.key->data() : nullptr), (m.record.key ? m.record.key->size() : 0)),
          RD_KAFKA_V_VALUE((m.record.body ? m.record.body->data() : nullptr),
                           (m.record.body ? m.record.body->size() : 0)),
          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_TIMESTAMP(timestamp_of(m.record.time)),
          RD_KAFKA_V_HEADERS(headers.get()), RD_KAFKA_V_OPAQUE(f), RD_KAFKA_V_END);
      if (code) {
        delete f;
        m.answered(to_error(code, "publish"));
      } else
        (void)headers.release();
    }
  }
  Result<void> flush(Time d) override {
    auto c = rd_kafka_flush(h_.get(), milliseconds_until(d, c_->executor().now()));
    if (c) return to_error(c, "flush");
    return {};
  }
  void close(Time d) override { (void)flush(d); }

 private:
  std::shared_ptr<Cluster> c_;
  ClientHandle h_;
  std::atomic<bool> stop_{false};
  std::unique_ptr<Thread> t_;
};
}  // namespace
Result<std::shared_ptr<Producer>> Producer::open(std::shared_ptr<Cluster> cluster, const transport::PublisherOptions&) {
  auto p = std::make_shared<P>(std::move(cluster));
  if (auto s = p->start(); !s) return s.error();
  return std::shared_ptr<Producer>{p};
}
}  // namespace tidings::kafka
