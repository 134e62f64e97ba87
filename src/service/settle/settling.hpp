// A delivery on its way out of the pipeline.
//
// Threads: a value.
#pragma once

#include <memory>
#include <vector>

#include "pipeline/decide.hpp"
#include "tidings/event.hpp"

namespace tidings::service {

// What became of a delivery, and what leaves with it.
struct Settling {
  transport::Delivery delivery;
  Envelope envelope;
  pipeline::Verdict verdict;
  std::vector<transport::Record> publishes;  // with Accept only
  bool confirms = false;                     // the inbox waits to hear that `publishes` are out
  int attempt = 0;                           // handler runs so far
  Duration took{};                           // the last of them
  int refusals = 0;                          // answers of the transport that a repetition should not change
};
using SettlingPtr = std::unique_ptr<Settling>;

// Given back, charged nothing.
SettlingPtr released(transport::Delivery delivery);

// Exchanges all of them, and with them their memory.
void exchange(Envelope& left, Envelope& right);

}  // namespace tidings::service
