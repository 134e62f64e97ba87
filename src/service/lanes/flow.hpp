// Holds partitions back, or lets them flow, as the lanes ask.
#pragma once

#include <vector>

#include "pipeline/lanes.hpp"
#include "service/settle/announcer.hpp"
#include "tidings/transport/transport.hpp"

namespace tidings::service {

inline void apply_flow(const std::vector<pipeline::FlowChange>& changes, transport::Consumer& consumer,
                       const Announcer& announcer) {
  for (const pipeline::FlowChange& change : changes) {
    const bool held_back = change.flow == pipeline::LaneFlow::held_back;
    consumer.set_flow({&change.partition, 1},
                      held_back ? transport::Consumer::Flow::paused : transport::Consumer::Flow::flowing);
    if (held_back) announcer.held_back(change.partition);
  }
}

}  // namespace tidings::service
