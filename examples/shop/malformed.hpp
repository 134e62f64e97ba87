// Events that no service of the shop can read, as a careless foreign producer would send them (demand A5).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tidings/names.hpp"
#include "tidings/transport/record.hpp"

namespace shop {

inline constexpr std::size_t kMalformedCount = 7;

struct Malformed {
  std::string fault;  // what is wrong with it, for people
  double after = 0;   // share of the orders that are placed before it is sent: 0..1
  tidings::transport::Record record;
};

// Seven of the catalogue, chosen by the seed, in the order of `after`. Ids and bytes are the same on every call, so a
// restarted producer can tell which it sent already.
std::vector<Malformed> malformed_events(std::uint64_t seed, tidings::Time time);

}  // namespace shop
