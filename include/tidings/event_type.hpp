// An event struct without its C++ type: how the pipeline and the service hold what handlers take.
//
// Threads: immutable, lives as long as the program.
#pragma once

#include <memory>
#include <vector>

#include "tidings/describe.hpp"
#include "tidings/event.hpp"

#pragma GCC visibility push(default)

namespace tidings {

struct EventType {
  EventInfo info;
  const Type& data;                                // its description
  std::shared_ptr<void> (*make_data)() = nullptr;  // a default value of the struct
};

template <Event E>
const EventType& event_type() {
  static const EventType type{.info = event_info<E>, .data = describe<E>(), .make_data = []() -> std::shared_ptr<void> {
                                return std::make_shared<E>();
                              }};
  return type;
}

// Several of them, in this order.
template <Event... E>
std::vector<const EventType*> event_types() {
  return {&event_type<E>()...};
}

}  // namespace tidings

#pragma GCC visibility pop
