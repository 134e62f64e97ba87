// Control on RabbitMQ: the view of one space of the control stream.
#pragma once

#include "transport/driver/control_view.hpp"
#include "transport/rabbitmq/control/control_stream.hpp"

namespace tidings::rabbitmq {

using RabbitmqControl = transport::ControlView<ControlStream, ControlSpace>;

}  // namespace tidings::rabbitmq
