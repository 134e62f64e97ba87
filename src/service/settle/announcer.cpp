#include "service/settle/announcer.hpp"

namespace tidings::service {

Decision Announcer::about(const transport::Delivery& delivery, const Envelope& envelope) const {
  Decision decision{.topic = delivery.record.topic,
                    .position = delivery.position,
                    .event_id = envelope.id,
                    .type = envelope.type,
                    .key = delivery.record.key.value_or(std::string_view{}),
                    .correlation_id = envelope.correlation_id,
                    .attempt = delivery.attempts.failed,
                    .crashes = delivery.attempts.crashes};
  if (envelope.time != Time{}) decision.event_time = envelope.time;
  return decision;
}

void Announcer::tell(Decision& decision) const {
  decision.service = service_;
  decision.group = plan_.spec.group;
  decision.subscription = plan_.name();
  decision.at = executor_.now();
  for (const Observer& observer : observers_) observer(decision);
}

void Announcer::announce(const Settling& settling) const {
  if (observers_.empty()) return;
  Decision decision = about(settling.delivery, settling.envelope);
  const pipeline::Verdict& verdict = settling.verdict;
  decision.reason = verdict.reason;
  decision.error = verdict.error ? &*verdict.error : nullptr;
  decision.attempt = settling.attempt;
  decision.took = settling.took;
  if (verdict.reason == Reason::conflict && verdict.step == Step::buried) {
    decision.step = Step::conflicted;
    tell(decision);
  }
  if (const auto* retry = std::get_if<transport::Retry>(&verdict.outcome)) decision.due = retry->attempts.due;
  decision.step = verdict.step;
  if (verdict.step == Step::relaxed_hold) {
    tell(decision);
    decision.step = Step::retrying;
  }
  tell(decision);
  for (const transport::Record& record : settling.publishes) {
    if (verdict.step != Step::refused && verdict.step != Step::unsettled) published(record);
  }
}

void Announcer::published(const transport::Record& record) const {
  Decision decision{.step = Step::published,
                    .topic = record.topic,
                    .event_id = record.id,
                    .type = record.type,
                    .key = record.key ? std::string_view{*record.key} : std::string_view{},
                    .correlation_id = record.correlation_id,
                    .event_time = record.time};
  tell(decision);
}

void Announcer::announce(Step step, const transport::Delivery& delivery, const Envelope& envelope) const {
  Decision decision = about(delivery, envelope);
  decision.step = step;
  tell(decision);
}

void Announcer::held_back(const transport::PartitionId& partition) const {
  Decision decision{.step = Step::held_back, .topic = partition.topic, .position = {.partition = partition.partition}};
  tell(decision);
}

}  // namespace tidings::service
