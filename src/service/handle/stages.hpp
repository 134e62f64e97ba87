// The stages around the handler, which all workers bring their deliveries through.
//
// Threads: a worker's.
#pragma once

#include <optional>

#include "base/flaw.hpp"
#include "service/handle/handler_runner.hpp"
#include "service/handle/subscription_parts.hpp"

namespace tidings::service {

// The stages before the handler: a suspect is marked, then it is decoded. Nothing: it is not ours any more.
std::optional<Decoded> prepare(SubscriptionParts& parts, const transport::Delivery& delivery);
// The same into one that is used again. False: it is not ours any more.
bool prepare(SubscriptionParts& parts, const transport::Delivery& delivery, Decoded& into);

inline GatePass::Company company_of(const transport::Delivery& delivery) {
  return delivery.suspect ? GatePass::Company::alone : GatePass::Company::beside_others;
}

// To be asked behind the gate, where one may have waited for long. False: what was taken goes back.
inline bool may_run(const SubscriptionParts& parts) {
  return !parts.left_alone || flawed(Flaw::left_alone_starts);
}

// The stages behind it: the run as it leaves the pipeline; without its delivery, which SubscriptionParts::end puts in.
SettlingPtr settling_of(SubscriptionParts& parts, const transport::Delivery& delivery, Decoded& decoded,
                        RunResult& result);
// Of a delivery that no handler saw.
SettlingPtr settling_of(SubscriptionParts& parts, const transport::Delivery& delivery, Decoded& decoded);

}  // namespace tidings::service
