#include <algorithm>

#include "service/handle/stages.hpp"
#include "service/handle/worker.hpp"

namespace tidings::service {

namespace {

// Deliveries on their way to handlers of batches: one batch for each handler, in order within each key.
class Batches final {
 public:
  Batches(SubscriptionParts& parts, HandlerRunner& runner, std::size_t count) : parts_{parts}, runner_{runner} {
    members_.reserve(count);  // pointers to members stay good
  }

  void add(Taken taken);
  // Runs what is gathered, then ends all that were added.
  void finish();

 private:
  struct Member {
    Taken taken;
    std::size_t slot = 0;
    std::optional<Decoded> decoded;
    SettlingPtr settling;  // none: put back
    bool gone = false;
    const HandlerPlan* gathered = nullptr;  // waits in this handler's batch
  };

  void route(Member& member);
  void flush_others(const Member& member);
  void flush(const HandlerPlan& handler);
  void conclude(Member& member, RunResult& result);
  bool held(const Member& member) const;

  SubscriptionParts& parts_;
  HandlerRunner& runner_;
  std::vector<Member> members_;
  std::vector<pipeline::LaneNumber> held_;  // lanes of which one failed here: the rest of them is kept back
};

void Batches::add(Taken taken) {
  members_.push_back({.taken = taken, .slot = members_.size() + 1});
  Member& member = members_.back();
  if (held(member) || !may_run(parts_)) return;
  if (parts_.queue.is_lost(taken.ticket)) return void(member.gone = true);
  parts_.board.set(member.slot, taken.delivery->token);
  member.decoded = prepare(parts_, *taken.delivery);
  if (!member.decoded) {
    member.gone = true;
  } else if (member.decoded->verdict) {
    member.settling = settling_of(parts_, *taken.delivery, *member.decoded);
  } else {
    route(member);
  }
  if (!member.gathered) parts_.board.clear(member.slot);
}

bool Batches::held(const Member& member) const {
  return std::ranges::find(held_, member.taken.lane) != held_.end();
}

void Batches::route(Member& member) {
  const HandlerPlan& handler = *member.decoded->handler;
  flush_others(member);
  if (held(member)) return;
  if (!handler.batch) {
    RunResult result = runner_.run(*member.taken.delivery, *member.decoded, nullptr);
    return conclude(member, result);
  }
  member.gathered = &handler;
  const auto gathered = std::ranges::count_if(members_, [&](const Member& m) { return m.gathered == &handler; });
  if (static_cast<std::size_t>(gathered) >= handler.batch->size) flush(handler);
}

// An earlier one of its key waits in another handler's batch: that goes first.
void Batches::flush_others(const Member& member) {
  if (!member.taken.delivery->record.key) return;
  for (const Member& other : members_) {
    if (!other.gathered || other.gathered == member.decoded->handler) continue;
    if (other.taken.lane == member.taken.lane) return flush(*other.gathered);
  }
}

void Batches::flush(const HandlerPlan& handler) {
  std::vector<Member*> batch;
  std::vector<HandlerRunner::BatchItem> items;
  for (Member& member : members_) {
    if (member.gathered != &handler) continue;
    batch.push_back(&member);
    items.push_back({member.taken.delivery, &*member.decoded});
  }
  const bool runs = may_run(parts_);
  std::vector<RunResult> results = runs ? runner_.run_batch(handler, items) : std::vector<RunResult>{};
  for (std::size_t i = 0; i < batch.size(); ++i) {
    batch[i]->gathered = nullptr;
    parts_.board.clear(batch[i]->slot);
    // Behind one of its key that failed it counts as not run, whatever came of it: it comes again, in order.
    if (runs && !held(*batch[i])) conclude(*batch[i], results[i]);
  }
}

void Batches::conclude(Member& member, RunResult& result) {
  member.settling = settling_of(parts_, *member.taken.delivery, *member.decoded, result);
  if (holds(member.settling->verdict)) held_.push_back(member.taken.lane);
}

void Batches::finish() {
  for (const Member& member : members_) {
    if (member.gathered) flush(*member.gathered);
  }
  std::vector<Handled> handled;
  for (Member& member : members_) handled.push_back({member.taken, std::move(member.settling), member.gone});
  parts_.end(std::move(handled));
}

class BatchWorker final : public Worker {
 public:
  explicit BatchWorker(SubscriptionParts& parts) : parts_{parts}, seat_{*parts.engine->executor}, runner_{parts} {
    for (const HandlerPlan& handler : parts.plan.handlers) {
      if (!handler.batch) continue;
      size_ = std::max(size_, handler.batch->size);
      wait_ = std::max(wait_, handler.batch->wait);
    }
  }

  void run() override {
    while (true) {
      const std::vector<Taken> taken = gather();
      if (taken.empty()) return;
      const auto company = company_of(*taken.front().delivery);
      const GatePass pass{parts_.engine->gate, company};
      Batches batches{parts_, runner_, taken.size()};
      for (const Taken& one : taken) batches.add(one);
      batches.finish();
      if (company == GatePass::Company::alone) parts_.settler.wait_settled();
    }
  }
  void request_stop() override { runner_.request_stop(); }

 private:
  std::vector<Taken> gather() {
    std::vector<Taken> taken = parts_.queue.take(seat_, {.max = size_, .max_per_lane = size_});
    if (taken.empty() || taken.front().delivery->suspect) return taken;
    const Time until = parts_.engine->executor->now() + wait_;
    while (taken.size() < size_) {
      const std::size_t left = size_ - taken.size();
      const std::vector<Taken> more = parts_.queue.take(seat_, {.max = left, .max_per_lane = left}, until);
      if (more.empty()) break;
      taken.insert(taken.end(), more.begin(), more.end());
    }
    return taken;
  }

  SubscriptionParts& parts_;
  WorkQueue::Seat seat_;
  HandlerRunner runner_;
  std::size_t size_ = 1;
  Duration wait_{};
};

}  // namespace

std::unique_ptr<Worker> batch_worker(SubscriptionParts& parts) {
  return std::make_unique<BatchWorker>(parts);
}

}  // namespace tidings::service
