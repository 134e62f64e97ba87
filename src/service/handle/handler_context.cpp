#include "service/handle/handler_context.hpp"

#include <fmt/format.h>

namespace tidings::service {

Result<void> HandlerContext::publish(const EventType& type, const void* data, PublishOptions options) {
  if (scope_.batch > 0) {
    return unsupported(
        fmt::format("{} cannot be published: a batch has no one event that causes it; handle event by event with on()",
                    type.info.type));
  }
  return outputs_.add(type, data, std::move(options));
}

void* HandlerContext::transaction(std::type_index type) {
  if (!scope_.transaction)
    throw std::logic_error("tidings: Context::transaction() in a subscription without an inbox; set On::inbox");
  if (scope_.transaction->handle_type() != type) {
    throw std::logic_error(
        "tidings: Context::transaction() asks for another database's transaction than the inbox has; name the type "
        "that the inbox hands out");
  }
  return scope_.transaction->handle();
}

}  // namespace tidings::service
