#include "transport/bounded_text.hpp"

#include "base/whole_characters.hpp"
#include "tidings/transport/settlement.hpp"

namespace tidings::transport {

std::string bounded_text(std::string text) {
  text.resize(whole_characters(text, kErrorTextMax).size());
  return text;
}

}  // namespace tidings::transport
