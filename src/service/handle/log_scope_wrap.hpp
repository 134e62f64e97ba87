// The wrap by which lines logged inside a handler say what it handles (A32).
#pragma once

#include "tidings/handler.hpp"

namespace tidings::service {

// Around a handler of one event: its id, type, correlation id and attempt. Around a batch of several: id and type of
// the first, and how many they are; each of them has a story of its own, so none is named.
HandlerFunction log_scope_wrap(HandlerFunction inner);

}  // namespace tidings::service
