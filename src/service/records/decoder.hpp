// Stage decode: from the bytes of a delivery to an event for one of the subscription's handlers, or to a verdict.
//
// Threads: any, at once.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "pipeline/decide.hpp"
#include "service/plan/plan.hpp"
#include "service/records/event_reader.hpp"

namespace tidings::service {

struct Decoded {
  Envelope envelope;                         // as far as it could be read
  std::optional<pipeline::Verdict> verdict;  // set: no handler runs
  const HandlerPlan* handler = nullptr;
  std::shared_ptr<void> data;  // the handler's struct; of a handler of any event a RawJson, empty for a tombstone
  std::uint64_t digest = 0;    // of the data's bytes
  bool no_id = false;          // it brought none, and its position is no name for it
};

class Decoder final {
 public:
  // Both must outlive it.
  Decoder(const SubscriptionPlan& plan, const Codecs& codecs, const transport::Capabilities& capabilities);

  // What is decided without looking into the body: quarantine, size, filter. Nothing: go on.
  std::optional<pipeline::Verdict> before(const transport::Delivery& delivery) const;

  // before(), then the body.
  Decoded decode(const transport::Delivery& delivery) const;
  // The same into one that is used again: whatever it held is gone.
  void decode(const transport::Delivery& delivery, Decoded& into) const;

 private:
  static void start(const transport::Delivery& delivery, Decoded& decoded);
  Result<void> read(const transport::Delivery& delivery, Decoded& decoded) const;
  bool take_tombstone(const transport::Delivery& delivery, Decoded& decoded) const;
  Result<void> read_as(const HandlerPlan& handler, const transport::Delivery& delivery, Decoded& decoded) const;
  void name(const transport::Delivery& delivery, Decoded& decoded) const;

  const SubscriptionPlan& plan_;
  const EventReader reader_;
};

}  // namespace tidings::service
