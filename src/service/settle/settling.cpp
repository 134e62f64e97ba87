#include "service/settle/settling.hpp"

#include <utility>

namespace tidings::service {

SettlingPtr released(transport::Delivery delivery) {
  auto settling = std::make_unique<Settling>();
  settling->verdict = {.step = Step::released, .outcome = transport::Release{}};
  settling->envelope.id = delivery.record.id;
  settling->envelope.type = delivery.record.type;
  settling->envelope.correlation_id = delivery.record.correlation_id;
  settling->attempt = delivery.attempts.failed;
  settling->delivery = std::move(delivery);
  return settling;
}

void exchange(Envelope& left, Envelope& right) {
  for (std::string Envelope::*text :
       {&Envelope::id, &Envelope::type, &Envelope::aggregate_id, &Envelope::correlation_id, &Envelope::causation_id})
    (left.*text).swap(right.*text);
  left.metadata.swap(right.metadata);
  std::swap(left.time, right.time);
  std::swap(left.version, right.version);
}

}  // namespace tidings::service
