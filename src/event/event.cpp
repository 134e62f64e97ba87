#include "tidings/event.hpp"

namespace tidings {

void inherit(const Envelope& cause, Envelope& child) {
  if (child.correlation_id.empty()) {
    child.correlation_id = cause.correlation_id.empty() ? cause.id : cause.correlation_id;
  }
  if (child.causation_id.empty()) child.causation_id = cause.id;
  if (child.aggregate_id.empty()) child.aggregate_id = cause.aggregate_id;
}

}  // namespace tidings
