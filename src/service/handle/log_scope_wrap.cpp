#include "service/handle/log_scope_wrap.hpp"

#include "tidings/log.hpp"

namespace tidings::service {
namespace {

LogScope::About about(const Context& context) {
  const Envelope& envelope = context.envelope();
  if (const std::size_t size = context.batch_size(); size > 1)
    return {.event_id = envelope.id, .type = envelope.type, .batch_size = size};
  return {.event_id = envelope.id,
          .type = envelope.type,
          .correlation_id = envelope.correlation_id,
          .attempt = context.attempt()};
}

}  // namespace

HandlerFunction log_scope_wrap(HandlerFunction inner) {
  return [inner = std::move(inner)](const void* data, Context& context) {
    const LogScope scope{about(context)};
    return inner(data, context);
  };
}

}  // namespace tidings::service
