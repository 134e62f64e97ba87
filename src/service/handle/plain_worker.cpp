#include "service/handle/stages.hpp"
#include "service/handle/worker.hpp"

namespace tidings::service {

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
    if (parts_.queue.is_lost(taken.ticket)) {  // while it waited at the gate
      one.gone = true;
      return parts_.end(std::move(one));
    }
    {
      const BoardEntry entry{parts_.board, slot_, delivery.token};
      one.settling = stages(delivery);
    }
    one.gone = !one.settling;
    parts_.end(std::move(one));
    if (company == GatePass::Company::alone) parts_.settler.wait_settled();
  }

  SettlingPtr stages(const transport::Delivery& delivery) {
    if (!prepare(parts_, delivery, decoded_)) return nullptr;
    if (decoded_.verdict) return settling_of(parts_, delivery, decoded_);
    RunResult result = runner_.run(delivery, decoded_, nullptr);
    decoded_.data.reset();
    return settling_of(parts_, delivery, decoded_, result);
  }

  SubscriptionParts& parts_;
  const std::size_t slot_;
  WorkQueue::Seat seat_;
  HandlerRunner runner_;
  Decoded decoded_;  // of the one that it handles, used again
};

}  // namespace

std::unique_ptr<Worker> plain_worker(SubscriptionParts& parts, std::size_t slot) {
  return std::make_unique<PlainWorker>(parts, slot);
}

}  // namespace tidings::service
