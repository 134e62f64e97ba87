// What all subscriptions of a bus share.
//
// Threads: any, at once; each part guards itself.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "service/engine/callback_gate.hpp"
#include "service/engine/solo_gate.hpp"
#include "service/engine/timekeeper.hpp"
#include "service/records/encoder.hpp"
#include "tidings/bus.hpp"

namespace tidings::service {

struct Engine {
  Engine(std::shared_ptr<transport::Transport> transport_, std::shared_ptr<Executor> executor_, BusOptions options_,
         std::vector<const EventType*> published)
      : transport{std::move(transport_)},
        executor{std::move(executor_)},
        callbacks{std::make_shared<CallbackGate>(executor)},
        options{gated(std::move(options_), callbacks)},
        encoder{options.name, std::move(published), transport->capabilities()},
        gate{*executor},
        timekeeper{executor} {}

  const std::shared_ptr<transport::Transport> transport;
  const std::shared_ptr<Executor> executor;
  const std::shared_ptr<CallbackGate> callbacks;  // through which those of the options are called
  const BusOptions options;
  bool instance_is_stable = false;  // the program named it
  const Encoder encoder;
  SoloGate gate;
  Timekeeper timekeeper;
};

}  // namespace tidings::service
