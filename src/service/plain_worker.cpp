#include "service/worker.hpp"
#include "transport/event_record.hpp"

namespace tidings::service {

std::optional<Decoded> prepare(SubscriptionParts& parts, const transport::Delivery& delivery) {
  if (!delivery.suspect) return parts.decoder.decode(delivery);
  Decoded decoded{.envelope = transport::envelope_of(delivery.record)};
  decoded.verdict = parts.decoder.before(delivery);
  if (decoded.verdict) return decoded;
  if (!parts.settler.mark(delivery)) {
    parts.announcer.announce(Step::refused, delivery, decoded.envelope);
    return std::nullopt;
  }
  parts.announcer.announce(Step::marked, delivery, decoded.envelope);
  return parts.decoder.decode(delivery);
}

namespace {

class PlainWorker final : public Worker {
 public:
  PlainWorker(SubscriptionParts& parts, std::size_t slot)
      : parts_{parts}, slot_{slot}, seat_{*parts.engine->executor}, runner_{parts} {}

  void run() override {
    std::vector<Taken> taken;
    while (true) {
      parts_.queue.take(seat_, {.max = 1, .max_per_lane = 1}, taken);
      if (taken.empty()) return;
      handle(taken.front());
    }
  }
  void request_stop() override { runner_.request_stop(); }

 private:
  void handle(Taken taken) {
    const transport::Delivery& delivery = *taken.delivery;
    const auto company = company_of(delivery);
    const GatePass pass{parts_.engine->gate, company};
    Handled one{.taken = taken};
    if (!may_run(parts_)) return parts_.end(std::move(one));
    {
      const BoardEntry entry{parts_.board, slot_, delivery.token};
      one.settling = stages(delivery);
    }
    one.gone = !one.settling;
    parts_.end(std::move(one));
    if (company == GatePass::Company::alone) parts_.settler.wait_settled();
  }

  std::optional<Settling> stages(const transport::Delivery& delivery) {
    std::optional<Decoded> decoded = prepare(parts_, delivery);
    if (!decoded) return std::nullopt;
    if (decoded->verdict) return settling_of(delivery, *decoded);
    RunResult result = runner_.run(delivery, *decoded, nullptr);
    return settling_of(parts_, delivery, *decoded, result);
  }

  SubscriptionParts& parts_;
  const std::size_t slot_;
  WorkQueue::Seat seat_;
  HandlerRunner runner_;
};

}  // namespace

std::unique_ptr<Worker> plain_worker(SubscriptionParts& parts, std::size_t slot) {
  return std::make_unique<PlainWorker>(parts, slot);
}

}  // namespace tidings::service
