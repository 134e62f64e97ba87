// What all subscriptions of a bus share.
//
// Threads: any, at once; each part guards itself.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "service/encoder.hpp"
#include "service/solo_gate.hpp"
#include "service/timekeeper.hpp"
#include "tidings/bus.hpp"

namespace tidings::service {

struct Engine {
  Engine(std::shared_ptr<transport::Transport> transport_, std::shared_ptr<Executor> executor_, BusOptions options_,
         std::vector<const EventType*> published)
      : transport{std::move(transport_)},
        executor{std::move(executor_)},
        options{std::move(options_)},
        encoder{options.name, std::move(published), transport->capabilities()},
        gate{*executor},
        timekeeper{executor} {}

  const std::shared_ptr<transport::Transport> transport;
  const std::shared_ptr<Executor> executor;
  const BusOptions options;
  const Encoder encoder;
  SoloGate gate;
  Timekeeper timekeeper;
};

}  // namespace tidings::service
