// RabbitMQ 3.10 or later, by rabbitmq-c.
#pragma once

#include <memory>

#include "tidings/executor.hpp"
#include "tidings/transport/place.hpp"
#include "tidings/transport/transport.hpp"
#include "tidings/transport/url.hpp"

namespace tidings::rabbitmq {

// invalid: the URL, or the server does not let us in. unavailable: no server was reached.
Result<std::unique_ptr<transport::Transport>> open_rabbitmq(const transport::Url& url,
                                                            std::shared_ptr<Executor> executor);
Result<transport::Place> examine_rabbitmq(const transport::Url& url);

}  // namespace tidings::rabbitmq
