#include "transport/bounded_text.hpp"

#include "tidings/transport/settlement.hpp"

namespace tidings::transport {

std::string bounded_text(std::string text) {
  if (text.size() <= kErrorTextMax) return text;
  std::size_t end = kErrorTextMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0u) == 0x80u) --end;  // not inside a character
  text.resize(end);
  return text;
}

}  // namespace tidings::transport
