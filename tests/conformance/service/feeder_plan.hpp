// A process of the suite that publishes tasks, by a bus or by an outbox and its relay.
//
// Its journal has `confirmed` for each event that was confirmed (with an outbox: committed), `refused` for each that
// the publisher says is not there, and `fed` when all is done. What is not in the journal may or may not be there.
#pragma once

#include <chrono>
#include <string>

#include "tidings/describe.hpp"

namespace tidings::conformance {

struct FeederPlan {
  std::string instance = "feeder";
  int threads = 2;                    // at once, each with keys of its own; with an outbox 1
  int count = 100;                    // events of each thread
  int keys = 3;                       // of each thread
  std::chrono::milliseconds pause{};  // after each event
  int publishes = 0;                  // so many Done events by whoever handles one
  bool outbox = false;
  std::string dies_at;  // kPlacingSteps or kRelayingSteps; empty: it lives
  int dies_after = 1;   // so many passings of that step
};
BOOST_DESCRIBE_STRUCT(FeederPlan, (), (instance, threads, count, keys, pause, publishes, outbox, dies_at, dies_after))

// Of a feeder with an outbox: in the transaction, and behind its commit.
inline constexpr const char* kPlacingSteps[] = {"placing", "placed"};
// Of its relay: before events go to the publisher, behind that, and before and behind an answer.
inline constexpr const char* kRelayingSteps[] = {"sending", "sent", "answering", "answered"};

}  // namespace tidings::conformance
