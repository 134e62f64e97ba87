// Control on Kafka: the view of one space of the control topic.
#pragma once

#include "transport/driver/control_view.hpp"
#include "transport/kafka/control/control_log.hpp"

namespace tidings::kafka {

using KafkaControl = transport::ControlView<ControlLog, ControlSpace>;

}  // namespace tidings::kafka
