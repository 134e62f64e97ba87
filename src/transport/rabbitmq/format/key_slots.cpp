#include "transport/rabbitmq/format/key_slots.hpp"

#include <array>

#include "base/fnv1a.hpp"

namespace tidings::rabbitmq {

namespace {

std::array<std::string, kKeySlots> all_headers() {
  std::array<std::string, kKeySlots> headers;
  for (std::size_t slot = 0; slot < kKeySlots; ++slot) headers[slot] = std::string{kSlotHeader} + std::to_string(slot);
  return headers;
}

}  // namespace

std::size_t slot_of_key(std::string_view key) {
  return folded_fnv1a(key) % kKeySlots;
}

std::string_view slot_header(std::size_t slot) {
  static const auto headers = all_headers();
  return headers.at(slot);
}

Arguments slots_of_queue(std::size_t queue, std::size_t queues) {
  Arguments slots{{"x-match", "any"}};
  for (std::size_t slot = queue; slot < kKeySlots; slot += queues) {
    slots.push_back({.name = std::string{slot_header(slot)}, .value = std::string{}});
  }
  return slots;
}

}  // namespace tidings::rabbitmq
