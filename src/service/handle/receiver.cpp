#include "service/handle/receiver.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "service/lanes/flow.hpp"

namespace tidings::service {

namespace {

constexpr std::size_t kReceiveMax = 256;
// How late a transport that waits for its broker tells us, and we those who ask whether we are ready.
constexpr Duration kReceiveWithin = std::chrono::seconds{5};
constexpr Duration kPauseFirst = std::chrono::milliseconds{10};
constexpr Duration kPauseMost = std::chrono::milliseconds{500};

Error expired_error(const transport::Notice& notice) {
  std::string partitions;
  for (const transport::PartitionId& id : notice.partitions) {
    partitions += fmt::format("{}{}/{}", partitions.empty() ? "" : ", ", id.topic, id.partition);
  }
  return {ErrorKind::corrupt,
          fmt::format("retention removed {} events of {} that were not settled, or the topic was made anew; they are "
                      "gone, and it goes on behind them. Keep more (`tidings topics set`), or see why it was behind",
                      notice.records, partitions)};
}

}  // namespace

void Receiver::run() {
  Executor& executor = *parts_.engine->executor;
  Backoff backoff{kPauseFirst, kPauseMost};
  // No more at once than may wait behind retries: before the next ones come, their partition is held back.
  const std::size_t receive_max = std::min(kReceiveMax, held_max(parts_.plan));
  while (!parts_.queue.draining()) {
    apply_flow();
    auto batch = parts_.consumer->receive(receive_max, executor.now() + kReceiveWithin);
    if (!batch) {
      parts_.health.trouble(Health::Part::receive, batch.error());
      parts_.queue.wait_draining({executor, executor.now() + backoff.next()});
      continue;
    }
    parts_.health.well(Health::Part::receive);
    backoff.reset();
    for (const transport::Notice& notice : batch->notices) heed(notice);
    if (!batch->deliveries.empty()) take_in(std::move(batch->deliveries));
  }
}

void Receiver::heed(const transport::Notice& notice) {
  switch (notice.kind) {
    case transport::Notice::Kind::assigned:
      return parts_.queue.regain(notice.partitions);
    case transport::Notice::Kind::revoking:
      return parts_.release(parts_.queue.give_up(notice.partitions));
    case transport::Notice::Kind::lost:
      return parts_.ahead.drop(parts_.queue.lose(notice.partitions));
    case transport::Notice::Kind::expired:
      return parts_.health.note("receive", expired_error(notice));
    case transport::Notice::Kind::reconnected:
      return;  // what is not ours any more came as lost
  }
}

void Receiver::take_in(std::vector<transport::Delivery> deliveries) {
  if (parts_.plan.inbox) decode_ahead(deliveries);
  parts_.release(parts_.queue.admit(std::move(deliveries)));
}

// Handlers of an inbox run one after another: what can be done beside them is done here. Not for suspects, which are
// decoded alone, nor for what waits: its body would fill memory until then.
void Receiver::decode_ahead(const std::vector<transport::Delivery>& deliveries) {
  const GatePass pass{parts_.engine->gate, GatePass::Company::beside_others};
  for (const transport::Delivery& delivery : deliveries) {
    if (delivery.suspect || delivery.attempts.due) continue;
    const BoardEntry entry{parts_.board, SubscriptionParts::kReceiverSlot, delivery.token};
    parts_.ahead.put(delivery.token, parts_.decoder.decode(delivery));
  }
}

void Receiver::apply_flow() {
  const std::vector<pipeline::FlowChange> changes = parts_.queue.flow_changes();
  const auto flows = [](const pipeline::FlowChange& change) { return change.flow == pipeline::LaneFlow::flowing; };
  if (std::ranges::any_of(changes, flows)) parts_.settler.wait_settled();  // given back before what comes behind it
  service::apply_flow(changes, *parts_.consumer, parts_.announcer);
}

}  // namespace tidings::service
